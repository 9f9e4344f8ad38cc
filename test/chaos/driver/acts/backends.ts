import { setTimeout as sleep } from 'node:timers/promises'
import { callSystemd } from '../../../../src/util/systemd-manager.ts'
import { findUnits } from '../../../../src/runtimes/systemd/manager.ts'
import {
  environmentValue,
  findMarkedProcesses,
  sendSignal,
} from '../../../../src/util/process-identity.ts'
import { findTmux, unitManager, type RuntimeName } from '../runtimes.ts'
import type { Stage } from '../stage.ts'
import type { Actor } from '../world.ts'
import { defineAct } from './act.ts'
import { engineBlows } from './engine-blows.ts'

const blows = [
  { name: 'kill the tmux server', runtime: 'tmux', weight: 3 },
  { name: 'freeze the tmux server', runtime: 'tmux', weight: 4 },
  { name: 'kill the client of tmux', runtime: 'tmux', weight: 4 },
  { name: 'kill a unit', runtime: 'systemd', weight: 1 },
  { name: 'kill the engine', runtime: 'docker', weight: 3 },
  { name: 'kill the engine, and its containers', runtime: 'docker', weight: 1 },
  { name: 'kill the engine in a start', runtime: 'docker', weight: 3 },
  { name: 'freeze the engine', runtime: 'docker', weight: 3 },
  { name: "cut the engine's line", runtime: 'docker', weight: 4 },
  { name: "the engine's line goes dead", runtime: 'docker', weight: 3 },
  { name: 'kill a container', runtime: 'docker', weight: 3 },
  { name: 'stop a container', runtime: 'docker', weight: 2 },
  { name: 'remove a container', runtime: 'docker', weight: 2 },
  { name: 'start a container anew', runtime: 'docker', weight: 1 },
  { name: 'pause a container', runtime: 'docker', weight: 3 },
] as const satisfies readonly { name: string; runtime: RuntimeName; weight: number }[]

/** Something happens to what holds the runs, and so to all that are there. */
export const backend = defineAct<{ blow: (typeof blows)[number]['name']; forMs: number }>({
  weight: 6,
  weightIn: { docker: 18 },
  invent: (random, plan) => {
    const own = blows.filter(({ runtime }) => runtime === plan.runtime)
    return own.length > 0 ? { blow: random.weighted(own).name, forMs: random.int(100, 5000) } : null
  },
  play: async ({ blow, forMs }, actor, stage) => {
    stage.world.hadOutage = true
    if (await strikeBackend(blow, forMs, { actor, stage })) {
      stage.tally.count('strikes', blow)
    }
  },
})

async function strikeBackend(
  blow: string,
  forMs: number,
  { actor, stage }: { actor: Actor; stage: Stage },
): Promise<boolean> {
  if (blow === 'kill a unit') {
    return await killUnits(actor.name, stage)
  }
  const { house } = stage
  const engineBlow = engineBlows[blow]
  return house && engineBlow
    ? await engineBlow({ house, stage, actor, forMs })
    : await strikeTmux(blow, forMs, stage)
}

async function strikeTmux(blow: string, forMs: number, stage: Stage): Promise<boolean> {
  const { server, drivers } = findTmux(stage.home)
  if (blow === 'kill the client of tmux') {
    drivers.forEach((pid) => sendSignal(pid, 'SIGKILL'))
    return drivers.length > 0
  }
  if (server === null) {
    return false
  }
  sendSignal(server, 'SIGSTOP')
  if (blow === 'kill the tmux server') {
    // Stopped, it begins nothing: who is seen now is who loses a terminal.
    const marked = await findMarkedProcesses(`DROVER_INSTANCE=${stage.instance()}`)
    const runs = marked.map(({ environment }) => environmentValue(environment, 'DROVER_RUN') ?? '')
    runs.forEach((run) => stage.world.struck.add(run))
    sendSignal(server, 'SIGKILL')
    return true
  }
  try {
    await sleep(forMs, undefined, { signal: stage.signal })
  } finally {
    sendSignal(server, 'SIGCONT')
  }
  return true
}

/** As `systemctl kill` does: everything in it at once. */
async function killUnits(agent: string, { instance, world }: Stage): Promise<boolean> {
  const marked = await findMarkedProcesses(`DROVER_INSTANCE=${instance()}`)
  const runs = new Set(
    marked
      .filter(({ environment }) => environmentValue(environment, 'DROVER_AGENT') === agent)
      .map(({ environment }) => environmentValue(environment, 'DROVER_RUN') ?? ''),
  )
  const units = await findUnits(unitManager, instance() ?? '')
  const own = units.filter(({ run }) => runs.has(run))
  for (const { run, unit } of own) {
    world.struck.add(run)
    await callSystemd(unitManager, ['systemctl', 'kill', '--signal=SIGKILL', unit])
  }
  return own.length > 0
}
