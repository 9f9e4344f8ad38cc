import type { Agent } from '../../../src/schema/agent.ts'
import { isFinalReceiptState, type Message } from '../../../src/schema/message.ts'
import { givenKeys, type Evidence } from './evidence.ts'
import { isStuckBy } from './words.ts'
import { presentLife, type Actor, type World } from './world.ts'

/** What still moves, one line each: empty when all has come to rest, as it must in the end. */
export function unsettled(world: World, evidence: Evidence): string[] {
  return [
    ...world.actors.flatMap((actor) => {
      const agent = evidence.agents.get(actor.name)
      return agent ? unsettledAgent(actor, agent, evidence) : []
    }),
    ...[...evidence.errandMessages]
      .filter(([, { state }]) => !isFinalReceiptState(state))
      .map(([key, { state }]) => `${key} is ${state}`),
    ...world.errands.flatMap(({ key }) => {
      const isDone = evidence.errandMessages.get(key)?.state === 'done'
      return isDone && evidence.agents.has(key) ? [`${key} is done and not gone yet`] : []
    }),
    ...leftAlive(evidence),
    ...leftFiles(evidence),
  ]
}

function unsettledAgent(actor: Actor, agent: Agent, evidence: Evidence): string[] {
  const isStuck = isStuckNow(actor, agent, evidence)
  const messages = evidence.messages.get(actor.name) ?? []
  const open = messages.filter((message) => !isFinalReceiptState(message.state))
  const isAtRest =
    ['idle', 'asleep', 'stopped', 'failed', 'parked'].includes(agent.status) ||
    (isStuck && agent.status !== 'stopping')
  return [
    ...(presentLife(actor).isHeld && agent.run ? [`${agent.name} was stopped and has a run`] : []),
    ...(isAtRest ? [] : [`${agent.name} is ${agent.status}`]),
    ...open
      .filter((message) => !(isStuck && isBehind(message, agent)))
      .map(({ id, state }) => `${id} is ${state}`),
    ...(isStuck ? [] : unread(actor, agent, evidence)),
    ...(agent.run === null || evidence.processes.some(({ run }) => run === agent.run)
      ? []
      : [`${agent.name} has run ${agent.run}, of which nothing lives`]),
  ]
}

/** What stands in the input of a plain program that lives, and that it has not taken yet. */
function unread(actor: Actor, { run }: Agent, { accounts, runs }: Evidence): string[] {
  const { id, program } = presentLife(actor)
  const record = runs.get(run ?? '')
  const taken = new Set(accounts.get(id)?.taken.map(({ key }) => key))
  return program && record
    ? givenKeys(record)
        .filter((key) => !taken.has(key))
        .map((key) => `${key} is in the input and not taken`)
    : []
}

/** Given to the run that is stuck, or waiting for it. */
const isBehind = (message: Message, agent: Agent): boolean =>
  message.run === null || message.run === agent.run

/** Its program lives and takes nothing more, by what its own account or the driver says. */
export function isStuckNow(actor: Actor, agent: Agent, evidence: Evidence): boolean {
  if (agent.run === null) {
    return false
  }
  const life = presentLife(actor)
  const last = evidence.accounts.get(life.id)?.taken.at(-1)
  const isOfRun = last && (last.run === null ? agent.status === 'working' : last.run === agent.run)
  const word = life.letters.find(({ key }) => key === last?.key)?.word ?? ''
  return life.frozen.has(agent.run) || (isOfRun === true && isStuckBy(actor.kind, word))
}

/** Processes, sessions and units that belong to no live run. */
function leftAlive({ agents, processes, makings }: Evidence): string[] {
  const live = new Set([...agents.values()].map(({ run }) => run))
  return [
    ...processes
      .filter(({ run }) => !live.has(run))
      .map(
        ({ pid, command, run, agent }) => `${pid} (${command}) of ${agent} lives on from ${run}`,
      ),
    ...makings
      .filter(({ run }) => !live.has(run))
      .map(({ run, what }) => `${what} is left over from ${run}`),
  ]
}

/** What a live run alone needs. */
const liveFiles = new Set(['bell', 'end', 'stop'])

function leftFiles({ agents, runs }: Evidence): string[] {
  const live = new Set([...agents.values()].map(({ run }) => run))
  return [...runs].flatMap(([run, { files }]) =>
    live.has(run)
      ? []
      : files.filter((file) => liveFiles.has(file)).map((file) => `${run}/${file} is left over`),
  )
}
