import { expect, test } from 'vitest'
import type { Agent } from '../../src/schema/agent.ts'
import type { Event } from '../../src/schema/event.ts'
import type { Message } from '../../src/schema/message.ts'
import type { Box } from './driver/container-house.ts'
import type { Evidence } from './driver/evidence.ts'
import { brokenInvariants, invariants } from './driver/invariants/index.ts'
import type { Life, SentLetter, World } from './driver/world.ts'

const letter = (key: string, rest: Partial<SentLetter> = {}): SentLetter => ({
  key,
  id: key,
  word: 'answer',
  body: `${key} answer`,
  answer: 'taken',
  act: 1,
  ...rest,
})

const message = (id: string, rest: Partial<Message> = {}): Message =>
  ({ id, agent: 'a', body: `${id} answer`, state: 'done', run: 'run_1', ...rest }) as Message

const agent = (rest: Partial<Agent> = {}): Agent =>
  ({ id: 'agent_1', name: 'a', status: 'idle', run: 'run_1', ...rest }) as Agent

/** A live agent that took two messages, and an errand that is done. */
function allIsWell(): { world: World; evidence: Evidence } {
  const life: Life = {
    id: 'a.1',
    folder: '/a.1',
    program: '/a.1/program',
    letters: [letter('m1'), letter('m2', { act: 2 })],
    isMade: true,
    isRemoved: false,
    isHeld: false,
    frozen: new Set(),
  }
  const errand = { key: 'e1', body: 'e1 answer', folder: '/e1', program: '/e1/program', id: 'e1' }
  const world: World = {
    folder: '/',
    actors: [{ name: 'a', kind: 'command', runtime: 'process', acts: 2, lives: [life] }],
    errands: [errand],
    struck: new Set(),
    hadOutage: false,
    fullUntil: -1,
  }
  const taken = [
    { key: 'm1', run: 'run_1' },
    { key: 'm2', run: 'run_1' },
  ]
  const evidence: Evidence = {
    agents: new Map([['a', agent()]]),
    messages: new Map([['a', [message('m1'), message('m2')]]]),
    errandMessages: new Map([['e1', message('e1', { agent: 'e1', run: 'run_2' })]]),
    events: wellEvents(),
    processes: [{ pid: 7, command: 'sh', run: 'run_1', agent: 'a' }],
    makings: [],
    boxes: [{ id: 'c1', agent: 'agent_1', run: 'run_1', isRunning: true }],
    runs: new Map([
      [
        'run_1',
        {
          files: ['err', 'holder', 'in', 'out'],
          in: 'm1 answer\nm2 answer\n',
          out: 'took m1\ntook m2\n',
          err: '',
        },
      ],
    ]),
    accounts: new Map([
      ['a.1', { starts: ['run_1'], taken, ended: null, doubled: [] }],
      ['e1', { starts: [], taken: [{ key: 'e1', run: 'run_2' }], ended: null, doubled: [] }],
    ]),
    logErrors: [],
    drafts: [],
  }
  return { world, evidence }
}

function wellEvents(): Event[] {
  const events: Event[] = []
  const add = (type: string, data: Event['data'] = {}, run: string | null = 'run_1'): void =>
    void events.push({ seq: events.length + 1, at: 1, type, agent: 'a', run, data })
  for (const id of ['m1', 'm2']) {
    add('message.state', { id, state: 'stored' }, null)
  }
  add('run.starting')
  add('run.running')
  for (const id of ['m1', 'm2']) {
    add('message.state', { id, state: 'delivered' })
    add('text', { text: `took ${id}\n` })
    add('turn.ended', { message: id })
    add('message.state', { id, state: 'done' })
  }
  return events
}

/** What breaks each promise, and what its finding says. */
const breaches: Record<string, [(world: World, evidence: Evidence) => void, RegExp]> = {
  'a message that was acknowledged is there, as it was sent': [
    (_, { messages }) => messages.get('a')!.pop(),
    /m2: is not there/,
  ],
  'no message is there that was not acknowledged': [
    (world) => Object.assign(letterOf(world, 1), { answer: 'none' }),
    /m2 of a/,
  ],
  'messages are kept in the order of their sending': [
    (_, { messages }) => messages.get('a')!.push(messages.get('a')!.shift()!),
    /act 1 after 2/,
  ],
  'a receipt agrees with what the program took': [
    (_, { messages }) => Object.assign(messages.get('a')![1]!, { state: 'dead', cause: 'x' }),
    /m2 is dead and was taken/,
  ],
  'a message that came to a bad end says why': [
    (_, { messages }) => Object.assign(messages.get('a')![1]!, { state: 'failed', cause: null }),
    /m2 is failed without a cause/,
  ],
  'a program takes each message at most once, and none that nobody sent': [
    (_, { accounts }) => accounts.get('a.1')!.taken.push({ key: 'm2', run: 'run_2' }),
    /m2 was taken more than once/,
  ],
  'a program takes messages in their order': [
    (_, { accounts }) => accounts.get('a.1')!.taken.push(accounts.get('a.1')!.taken.shift()!),
    /m1 after m2/,
  ],
  'an agent has one run at a time, by the lock that its program holds': [
    (_, { accounts }) => accounts.get('a.1')!.doubled.push('run_2'),
    /run_2 of a\.1/,
  ],
  'a run comes up once': [
    (_, { accounts }) => accounts.get('a.1')!.starts.push('run_1'),
    /run_1 of a\.1 came up again/,
  ],
  'a run that came up is lost only if more than its program was struck': [
    (_, { events }) =>
      Object.assign(events.at(-1)!, { type: 'run.ended', data: { status: 'lost', cause: 'x' } }),
    /run_1 of a: x/,
  ],
  'processes are those of the one live run': [
    (_, evidence) => Object.assign(evidence.processes[0]!, { run: 'run_0' }),
    /run_0, not run_1/,
  ],
  'an agent is there until it is removed': [
    (_, { agents }) => (agents as Map<string, Agent>).delete('a'),
    /a is gone/,
  ],
  'a stopped agent is stopped, another is not': [
    ({ actors }) => (actors[0]!.lives[0]!.isHeld = true),
    /a is idle, and was stopped/,
  ],
  'what went into a program is what was sent, whole': [
    (_, { runs }) => (runs.get('run_1')!.in = 'm1 answer\nm2 ans\n'),
    /not a message: m2 ans/,
  ],
  'a program took what stands in its input, from the first on': [
    (_, { accounts }) => accounts.get('a.1')!.taken.shift(),
    /was given m1,m2 and took m2/,
  ],
  'an errand that is done is gone, was taken once, and can still be asked for': [
    (_, { accounts }) => accounts.get('e1')!.taken.pop(),
    /e1 was taken 0 times/,
  ],
  'events are gapless': [
    (_, evidence) => (evidence.events as Event[]).splice(3, 1),
    /5 stands at 4/,
  ],
  'a receipt only moves forward': [
    (_, evidence) => stateOf(evidence, 'm1', 'done', 'stored'),
    /m1: stored → delivered → stored/,
  ],
  'a receipt is where its events lead': [
    (_, evidence) => stateOf(evidence, 'm1', 'done', 'failed'),
    /m1 is done; its events say stored → delivered → failed/,
  ],
  'a run begins once and ends once, and a turn ends once': [
    (_, { events }) => Object.assign(events[3]!, { type: 'run.starting' }),
    /run_1 began twice/,
  ],
  'an agent has the run that began and has not ended': [
    (_, { agents }) => Object.assign(agents.get('a')!, { run: 'run_9' }),
    /has run_9; its events say run_1/,
  ],
  'what a plain program said became events, each line once': [
    (_, { runs }) => (runs.get('run_1')!.out += 'took m3\n'),
    /run_1 said 24 characters, told 16/,
  ],
  'a container belongs to an agent that is there, and is its only one': [
    (_, { boxes }) =>
      (boxes as Box[]).push({ id: 'c2', agent: 'agent_1', run: null, isRunning: false }),
    /agent_1 has several/,
  ],
  'a half-written file is gone with the next start': [
    (_, { drafts }) => (drafts as string[]).push('daemon.json.new'),
    /daemon\.json\.new is left over/,
  ],
  'the daemon logs no error, but for a full disk, or of what was struck itself': [
    (_, { logErrors }) => (logErrors as string[]).push('{"level":50}'),
    /level/,
  ],
}

function letterOf({ actors }: World, index: number): SentLetter {
  return actors[0]!.lives[0]!.letters[index]!
}

function stateOf({ events }: Evidence, id: string, from: string, to: string): void {
  const event = events.find(({ data }) => data['id'] === id && data['state'] === from)
  Object.assign(event!.data, { state: to })
}

test('nothing is broken where all is well', () => {
  const { world, evidence } = allIsWell()
  expect(brokenInvariants(world, evidence)).toEqual([])
})

test('every promise has its breach here', () => {
  expect(Object.keys(breaches).toSorted()).toEqual(invariants.map(({ name }) => name).toSorted())
})

test.each(Object.entries(breaches))('a breach is found: %s', (name, [breach, finding]) => {
  const { world, evidence } = allIsWell()
  breach(world, evidence)
  const broken = brokenInvariants(world, evidence).find(({ invariant }) => invariant === name)
  expect(broken?.findings.join('\n')).toMatch(finding)
})
