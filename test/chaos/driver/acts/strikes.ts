import { readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  environmentValue,
  findMarkedProcesses,
  sendSignal,
  type MarkedProcess,
} from '../../../../src/util/process-identity.ts'
import { presentLife, type Actor, type Letter } from '../world.ts'
import { defineAct } from './act.ts'
import { inventLetter, sendLetter } from './letters.ts'

const blows = [
  { name: 'kill the program', weight: 6, target: 'program', signal: 'SIGKILL' },
  { name: 'end the program', weight: 3, target: 'program', signal: 'SIGTERM' },
  { name: 'freeze the program', weight: 1, target: 'program', signal: 'SIGSTOP' },
  { name: 'kill the holder', weight: 1, target: 'holder', signal: 'SIGKILL' },
  { name: 'kill all of it', weight: 1, target: 'all', signal: 'SIGKILL' },
] as const

type Blow = (typeof blows)[number]

/** A signal from outside, as the kernel, a person or another program sends them. */
export const strike = defineAct<{ blow: string }>({
  weight: 5,
  invent: (random) => ({ blow: random.weighted(blows).name }),
  play: async ({ blow: name }, actor, { instance, tally, world }) => {
    const blow = blows.find((each) => each.name === name)
    const marked = await findMarkedProcesses(`DROVER_INSTANCE=${instance()}`)
    const own = marked.filter(
      ({ environment }) => environmentValue(environment, 'DROVER_AGENT') === actor.name,
    )
    const targets = blow ? own.filter((each) => isTarget(each, blow, actor)) : []
    if (!blow || targets.length === 0) {
      return
    }
    tally.count('strikes', name)
    for (const { pid, environment } of targets) {
      const run = environmentValue(environment, 'DROVER_RUN') ?? ''
      if (blow.target !== 'program') {
        world.struck.add(run)
      }
      sendSignal(pid, blow.signal)
      if (blow.signal === 'SIGSTOP') {
        presentLife(actor).frozen.add(run)
      }
    }
  },
})

function isTarget({ pid }: MarkedProcess, { target }: Blow, actor: Actor): boolean {
  const [, script = '', folder = ''] = argvOf(pid)
  const { program } = presentLife(actor)
  switch (target) {
    case 'all':
      return true
    case 'program':
      return program ? script === program : script.endsWith(path.join('chat', 'program.ts'))
    case 'holder':
      return /\/(holder|terminal)\.sh$/.test(script) && readHolder(folder) === innermostPid(pid)
  }
}

function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** As it counts itself, in a container or not. */
function innermostPid(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^NSpid:.*?(\d+)$/m.exec(status)?.[1] ?? pid)
  } catch {
    return pid
  }
}

function readHolder(runFolder: string): number {
  try {
    return Number(readFileSync(path.join(runFolder, 'holder'), 'utf8'))
  } catch {
    return 0
  }
}

/** Its program is gone for a while, as in an update; what is sent then gets an honest end. */
export const vanish = defineAct<{ letters: Letter[]; forMs: number }>({
  weight: 3,
  invent: (random, plan) =>
    plan.kind === 'command'
      ? {
          letters: [inventLetter(random, plan), inventLetter(random, plan)],
          forMs: random.int(50, 400),
        }
      : null,
  play: async ({ letters, forMs }, actor, stage) => {
    const { program } = presentLife(actor)
    if (!program) {
      return
    }
    stage.tally.count('disasters', 'a program vanished')
    renameSync(program, `${program}.away`)
    try {
      await stage.insist(async () => await stage.client.sleep(actor.name, { waitSeconds: 2 }))
      for (const letter of letters) {
        await sendLetter(letter, actor, stage)
      }
      await sleep(forMs)
    } finally {
      renameSync(`${program}.away`, program)
    }
  },
})
