import { givenKeys, givenLines, type RunRecord } from '../evidence.ts'
import { hadFullDisk, type Life } from '../world.ts'
import { isStuckNow } from '../settled.ts'
import { ofEachAgent, repeated, type Invariant } from './invariant.ts'

export const runInvariants: readonly Invariant[] = [
  {
    name: 'an agent has one run at a time, by the lock that its program holds',
    check: (_, { accounts }) =>
      [...accounts].flatMap(([life, { doubled }]) =>
        doubled.map((run) => `${run} of ${life} came up while another was up`),
      ),
  },

  {
    name: 'a run comes up once',
    check: (_, { accounts }) =>
      [...accounts].flatMap(([life, { starts }]) =>
        repeated(starts).map((run) => `${run} of ${life} came up again`),
      ),
  },

  {
    name: 'a run that came up is lost only if more than its program was struck',
    check: (world, { accounts, events }) => {
      const cameUp = new Set([...accounts.values()].flatMap(({ starts }) => starts))
      return events
        .filter(({ type, data }) => type === 'run.ended' && data['status'] === 'lost')
        .filter(({ run }) => cameUp.has(run ?? '') && !world.struck.has(run ?? ''))
        .map(({ run, agent, data }) => `${run} of ${agent}: ${String(data['cause'])}`)
        .filter(() => !hadFullDisk(world))
    },
  },

  ofEachAgent('processes are those of the one live run', ({ actor }, { agents, processes }) => {
    const own = new Set(processes.filter(({ agent }) => agent === actor.name).map(({ run }) => run))
    const run = agents.get(actor.name)?.run
    return [...own]
      .filter((each) => each !== run)
      .map((each) => `${actor.name}: ${each}, not ${run}`)
  }),

  ofEachAgent('an agent is there until it is removed', ({ actor }, { agents }) =>
    agents.has(actor.name) ? [] : [`${actor.name} is gone`],
  ),

  ofEachAgent('a stopped agent is stopped, another is not', ({ actor, life }, { agents }) => {
    const status = agents.get(actor.name)?.status
    return (status === 'stopped') === life.isHeld
      ? []
      : [`${actor.name} is ${status}, and was ${life.isHeld ? 'stopped' : 'not stopped'}`]
  }),

  ofEachAgent(
    'what went into a program is what was sent, whole',
    ({ life }, { accounts, runs }) => {
      if (!life.program) {
        return []
      }
      const own = new Set(accounts.get(life.id)?.starts)
      return [...runs].flatMap(([run, record]) =>
        own.has(run) ? strangeLines(life, record).map((line) => `${run}: ${line}`) : [],
      )
    },
  ),

  ofEachAgent(
    'a program took what stands in its input, from the first on',
    ({ actor, life }, evidence) => {
      const { accounts, agents, runs } = evidence
      const account = accounts.get(life.id)
      const agent = agents.get(actor.name)
      if (!life.program || !account || !agent) {
        return []
      }
      return account.starts.flatMap((run) => {
        const record = runs.get(run)
        const given = record ? givenKeys(record) : []
        const taken = account.taken.filter((each) => each.run === run).map(({ key }) => key)
        const isWhole = agent.run !== run || isStuckNow(actor, agent, evidence)
        const expected = isWhole ? given.slice(0, taken.length) : given
        return !record || expected.join() === taken.join()
          ? []
          : [`${run} was given ${expected.join()} and took ${taken.join()}`]
      })
    },
  ),
]

function strangeLines({ letters }: Life, record: RunRecord): string[] {
  const bodies = new Set(letters.map(({ body }) => body))
  return givenLines(record)
    .filter((line) => !bodies.has(line))
    .map((line) => `not a message: ${line.slice(0, 80)}`)
}
