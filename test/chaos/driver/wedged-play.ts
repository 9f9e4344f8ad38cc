import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Daemon } from '../../../src/daemon/index.ts'
import { FakeRuntime, type Fault } from '../../../src/runtimes/fake/index.ts'
import { DroverError } from '../../../src/schema/error.ts'
import { isFinalReceiptState, type Message } from '../../../src/schema/message.ts'
import { RunRequest } from '../../../src/schema/requests.ts'
import { quickConfig } from './quick-config.ts'
import { Random } from './random.ts'
import { Violation, type Tally } from './report.ts'
import { startOnFake } from '../../support/fake-daemon.ts'

/** Calls that go wrong while a daemon works, and while the next one looks what there is. */
const workFaults: readonly Fault[] = [
  'start-throws',
  'start-hangs',
  'start-loses-answer',
  'stop-throws',
  'stop-hangs',
  'destroy-throws',
  'destroy-hangs',
  'inspect-unknown',
  'inspect-hangs',
  'suspend-throws',
  'suspend-hangs',
  'suspend-loses-answer',
  'resume-throws',
  'resume-hangs',
  'resume-loses-answer',
]
const recoveryFaults: readonly Fault[] = [
  'recover-unknown',
  'recover-hangs',
  'list-throws',
  'list-hangs',
  'start-hangs',
]

const agents = ['one', 'two', 'three', 'four'] as const
/** Those of them whose runs are suspended when they sleep. */
const resting: ReadonlySet<string> = new Set(['two', 'four'])
const verbs = ['sleep', 'wake', 'restart', 'stop', 'start'] as const

/** How long a daemon that is asked to end, or agents whose runtime answers, may take, ms. */
const endMs = 15_000
const restMs = 40_000

export interface WedgedPlayOptions {
  seed: number
  rounds: number
  /** An empty folder. */
  folder: string
  tally: Tally
}

/**
 * A play on a runtime whose calls fail, hang, or lose their answers: in this process, on a fake
 * machine that outlives its daemons. Whatever hangs, all others go on, a daemon ends when it is
 * asked to, and once the runtime answers again everything comes to its end. Throws a Violation.
 */
export async function playWedged({
  seed,
  rounds,
  folder,
  tally,
}: WedgedPlayOptions): Promise<void> {
  const random = new Random(seed).fork('wedged')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'config.yaml'), JSON.stringify(quickConfig))
  // A daemon's own timers hold no process alive, and the fake machine is nothing to wait for.
  const alive = setInterval(() => undefined, 1000)
  let runtime = new FakeRuntime()
  let daemon = await startOnFake(folder, runtime)
  try {
    for (const name of agents) {
      const request = { template: 'command', runtime: 'fake', program: ['env', 'reply'], name }
      const rest = resting.has(name) ? 'suspend' : 'sleep'
      const options = { options: { settleMs: 20 }, lifecycle: { bootMs: 400, rest } }
      await daemon.agents.create(RunRequest.parse({ ...request, ...options }))
    }
    for (let round = 1; round <= rounds; round++) {
      const fault = random.pick(workFaults)
      tally.count('runtime calls gone wrong', fault)
      runtime.faults.arm(fault)
      await act(daemon, random, `${seed}.${round}`)
      await expectOthersGoOn(daemon)
      await end(daemon)
      const later = random.chance(0.5) ? random.pick(recoveryFaults) : null
      runtime = new FakeRuntime(runtime.machine)
      if (later) {
        tally.count('runtime calls gone wrong', `${later}, at a start`)
        runtime.faults.arm(later)
      }
      daemon = await startOnFake(folder, runtime)
      await comeToRest(daemon)
      check(daemon, runtime, folder)
    }
    for (const name of agents) {
      await daemon.verbs.stop(name, within(restMs))
    }
    expectNone(
      'nothing lives when all are stopped',
      runtime.machine.processes.map(({ pid, launch }) => `${pid} of ${launch.run.id}`),
    )
  } finally {
    await end(daemon)
    clearInterval(alive)
  }
}

const within = (ms: number): { seconds: number; signal: AbortSignal } => ({
  seconds: ms / 1000,
  signal: new AbortController().signal,
})

async function end(daemon: Daemon): Promise<void> {
  const late = sleep(endMs, 'late' as const, { ref: false })
  if ((await Promise.race([daemon.stop(), late])) === 'late') {
    throw new Violation('a daemon ends though its runtime is wedged', [`not after ${endMs} ms`])
  }
}

/** Messages and verbs for every agent, side by side. */
async function act(daemon: Daemon, random: Random, label: string): Promise<void> {
  const refused = (error: unknown): void => {
    const codes: readonly string[] = ['agent_stopped', 'agent_quarantined']
    if (!(error instanceof DroverError && codes.includes(error.code))) {
      throw error
    }
  }
  await Promise.all(
    agents.map(async (name) => {
      const own = random.fork(`${label} ${name}`)
      for (let count = own.int(2, 5); count > 0; count--) {
        const body = `${label}.${name}.${count}`
        const verb = own.chance(0.6) ? null : own.pick(verbs)
        try {
          if (verb === null) {
            daemon.mailbox.send(name, { id: body, body, from: 'user' })
          } else if (verb === 'wake' || verb === 'start') {
            await daemon.verbs[verb](name, {}, within(0))
          } else {
            await daemon.verbs[verb](name, within(0))
          }
        } catch (error) {
          refused(error)
        }
        await sleep(own.int(0, 60))
      }
    }),
  )
}

/** One call went wrong, so one agent may wait; no other may. */
async function expectOthersGoOn(daemon: Daemon): Promise<void> {
  const waiting = (): string[] => agents.filter((name) => openOf(daemon, name).length > 0)
  await waitFor(() => waiting().length <= 1, {
    invariant: 'a wedged call holds up one agent at most',
    findings: waiting,
  })
}

async function comeToRest(daemon: Daemon): Promise<void> {
  const moving = (): string[] =>
    daemon.agents
      .list(true)
      .flatMap(({ name, status }) => [
        ...openOf(daemon, name).map(({ id, state }) => `${id} is ${state}`),
        ...(['idle', 'asleep', 'stopped', 'failed'].includes(status)
          ? []
          : [`${name} is ${status}`]),
      ])
  await waitFor(() => moving().length === 0, {
    invariant: 'all comes to rest once the runtime answers',
    findings: moving,
  })
}

async function waitFor(
  condition: () => boolean,
  { invariant, findings }: { invariant: string; findings: () => string[] },
): Promise<void> {
  for (const until = performance.now() + restMs; !condition(); await sleep(20)) {
    if (performance.now() > until) {
      throw new Violation(invariant, [`not after ${restMs} ms:`, ...findings()])
    }
  }
}

const openOf = (daemon: Daemon, name: string): Message[] =>
  daemon.mailbox.list(name, 1000).filter(({ state }) => !isFinalReceiptState(state))

function check(daemon: Daemon, { machine }: FakeRuntime, folder: string): void {
  const said = saidIn(folder)
  const times = (body: string): number => said.filter((line) => line === `reply: ${body}`).length
  const messages = agents.flatMap((name) => daemon.mailbox.list(name, 1000))
  expectNone(
    'a message is taken once if it is done, and never if it was refused or is dead',
    messages
      .filter(({ state, body }) =>
        state === 'done' ? times(body) !== 1 : times(body) > (state === 'failed' ? 1 : 0),
      )
      .map(({ body, state }) => `${body} is ${state} and was taken ${times(body)} times`),
  )
  const live = new Set(daemon.agents.list(true).map(({ run }) => run))
  const leaders = machine.processes.filter(({ isLeader }) => isLeader)
  expectNone('processes are those of live runs, one each', [
    ...machine.processes
      .filter(({ launch }) => !live.has(launch.run.id))
      .map(({ pid, launch }) => `${pid} lives on from ${launch.run.id}`),
    ...[...live]
      .filter((run) => run && leaders.filter(({ launch }) => launch.run.id === run).length !== 1)
      .map((run) => `${run} has not one program`),
  ])
}

/** What all programs ever said, by the files they said it into. */
function saidIn(folder: string): string[] {
  const runs = path.join(folder, 'runs')
  return readdirSync(runs).flatMap((run) =>
    readFileSync(path.join(runs, run, 'out'), 'utf8').split('\n'),
  )
}

function expectNone(invariant: string, findings: readonly string[]): void {
  if (findings.length > 0) {
    throw new Violation(invariant, findings)
  }
}
