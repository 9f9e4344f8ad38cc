import path from 'node:path'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { sendSignal } from '../../../../src/util/process-identity.ts'
import { readAccount } from '../account.ts'
import { linkedRun, type Box, type ContainerHouse } from '../container-house.ts'
import { namesIn, textOf } from '../files.ts'
import type { Stage } from '../stage.ts'
import { presentLife, type Actor } from '../world.ts'

/** How long the engine may take for one blow, ms; it may be frozen meanwhile. */
const blowMs = 60_000

/** How long a start is waited for that is to be struck, ms. */
const longestWaitMs = 3000

interface Blow {
  house: ContainerHouse
  stage: Stage
  actor: Actor
  forMs: number
}

/** What can happen to an engine, to the line that leads there, and to a container; false: there was none to strike. */
export const engineBlows: Readonly<Record<string, (blow: Blow) => Promise<boolean>>> = {
  'kill the engine': async (blow) => await killEngine(blow, true),
  'kill the engine, and its containers': async (blow) => await killEngine(blow, false),
  'kill the engine in a start': async (blow) => await killEngineInStart(blow),
  'freeze the engine': freezeEngine,
  "cut the engine's line": async ({ house, stage, forMs }) => {
    await house.alone(async () => await house.door.cut(forMs, stage.signal))
    return true
  },
  "the engine's line goes dead": async ({ house, stage, forMs }) => {
    await house.alone(async () => await house.door.goDead(forMs, stage.signal))
    return true
  },
  'kill a container': async (blow) => await strikeBox(blow, ['kill', '-s', 'KILL']),
  'stop a container': async (blow) => await strikeBox(blow, ['stop', '-t', '1']),
  'remove a container': async (blow) => await strikeBox(blow, ['rm', '-f']),
  'start a container anew': async (blow) => await strikeBox(blow, ['restart', '-t', '1']),
  'pause a container': pauseBox,
}

async function killEngine({ house, stage, forMs }: Blow, isRestoring: boolean): Promise<boolean> {
  await house.alone(async () => {
    await house.engine.stop('SIGKILL')
    await sleep(forMs)
    if (isRestoring) {
      await restartRestoring(house, stage)
      return
    }
    // Nobody comes up any more: who is seen now is whom the next engine ends.
    runsThere(stage).forEach((run) => noteStruck({ stage }, { run }))
    await house.restart(false)
  })
  return true
}

/** Who came up in a start that was under way is nobody's for the next engine, and may be lost. */
async function restartRestoring(house: ContainerHouse, stage: Stage): Promise<void> {
  const there = runsThere(stage)
  await house.restart(true)
  const boxes = await house.boxes(stage.instance() ?? '')
  const known = new Set(boxes.flatMap(({ run, isRunning }) => (isRunning ? [run] : [])))
  there.filter((run) => !known.has(run)).forEach((run) => noteStruck({ stage }, { run }))
}

/** Before it has noted that the container runs; who comes up in it then is nobody's for that engine. */
async function killEngineInStart({ house, stage, forMs }: Blow): Promise<boolean> {
  return await house.alone(async () => {
    const before = new Set(firstProcesses(stage))
    const end = performance.now() + longestWaitMs
    let begun: number | undefined
    while (begun === undefined && performance.now() < end) {
      await setImmediate()
      begun = firstProcesses(stage).find((pid) => !before.has(pid))
    }
    if (begun === undefined) {
      return false
    }
    sendSignal(house.engine.pid, 'SIGKILL')
    await house.engine.stop()
    await sleep(forMs)
    await restartRestoring(house, stage)
    return true
  })
}

/** First processes of containers of this home. */
function firstProcesses({ home }: Stage): number[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [, script = '', link = ''] = textOf(`/proc/${pid}/cmdline`).split('\0')
      return script.endsWith('/docker/entry.sh') && link.startsWith(home.folder)
    })
}

/** Runs in containers that live, whether their engine does or not. */
function runsThere(stage: Stage): (string | null)[] {
  return firstProcesses(stage).map((pid) => {
    const [, , link = ''] = textOf(`/proc/${pid}/cmdline`).split('\0')
    return linkedRun(path.dirname(link))
  })
}

async function freezeEngine({ house, stage, forMs }: Blow): Promise<boolean> {
  await house.alone(async () => {
    const { pid } = house.engine
    sendSignal(pid, 'SIGSTOP')
    try {
      await sleep(forMs, undefined, { signal: stage.signal })
    } finally {
      sendSignal(pid, 'SIGCONT')
    }
  })
  return true
}

/** The blow may meet a run that comes up meanwhile. */
async function strikeBox(blow: Blow, argv: readonly string[]): Promise<boolean> {
  const box = await boxOf(blow)
  if (!box) {
    return false
  }
  noteStruck(blow, box)
  const { code } = await blow.house.engine.call([...argv, box.id], blowMs)
  // It may have met the run after.
  noteStruck(blow, (await boxWith(blow, box.id)) ?? box)
  return code === 0
}

async function pauseBox(blow: Blow): Promise<boolean> {
  const box = await boxOf(blow)
  const { engine } = blow.house
  if (!box || (await engine.call(['pause', box.id], blowMs)).code !== 0) {
    return false
  }
  await sleep(blow.forMs)
  await engine.call(['unpause', box.id], blowMs)
  return true
}

async function boxWith({ house, stage }: Blow, id: string): Promise<Box | undefined> {
  const boxes = await house.boxes(stage.instance() ?? '').catch(() => [])
  return boxes.find((box) => box.id === id)
}

function noteStruck({ stage }: Pick<Blow, 'stage'>, { run }: Pick<Box, 'run'>): void {
  if (run !== null) {
    stage.world.struck.add(run)
  }
}

/** The container of the agent, where its program came up in it before; else one that runs, whosever it is. */
async function boxOf({ house, stage, actor }: Blow): Promise<Box | null> {
  const { starts } = readAccount(presentLife(actor), stage.home, null)
  try {
    const boxes = await house.boxes(stage.instance() ?? '')
    const own = boxes.find(({ run }) => run !== null && starts.includes(run))
    return own ?? boxes.find(({ isRunning }) => isRunning) ?? null
  } catch {
    // Where the engine is down no container can be struck.
    return null
  }
}
