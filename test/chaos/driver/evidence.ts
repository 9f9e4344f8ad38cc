import path from 'node:path'
import { DroverError, type Client } from '../../../src/client/index.ts'
import type { Agent } from '../../../src/schema/agent.ts'
import type { Event } from '../../../src/schema/event.ts'
import type { Message } from '../../../src/schema/message.ts'
import type { Home } from '../../../src/util/home.ts'
import { environmentValue, findMarkedProcesses } from '../../../src/util/process-identity.ts'
import { keyOf, readAccount, type Account } from './account.ts'
import type { Box, ContainerHouse } from './container-house.ts'
import { filesBelow, namesIn, textOf } from './files.ts'
import { findMakings, type Making } from './runtimes.ts'
import type { World } from './world.ts'

/** A live process that carries the home's mark. */
export interface RunProcess {
  pid: number
  command: string
  run: string
  agent: string
}

/** A run's folder as it stands. */
export interface RunRecord {
  files: string[]
  in: string
  out: string
  err: string
}

/** A last line without its newline went in while the program ended; it could not take it. */
export function givenLines({ in: input }: RunRecord): string[] {
  return isTyped(input) ? pastedIn(input) : input.split('\n').slice(0, -1)
}

/** Whether a program has a terminal: its input is strokes then. */
export const isTyped = (input: string): boolean => /^(paste|keys) \d+\n/.test(input)

/** Each text that was pasted and entered; see `core/strokes.ts`. */
function pastedIn(input: string): string[] {
  const bytes = Buffer.from(input)
  const lines: string[] = []
  let pasted = ''
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\n', at)
    const [stroke, size] = bytes.toString('utf8', at, end).split(' ')
    const next = end + 1 + Number(size)
    if (end < 0 || next >= bytes.length) {
      break
    }
    const text = bytes.toString('utf8', end + 1, next)
    if (stroke === 'paste') {
      pasted += text
    } else if (text === '\r') {
      lines.push(pasted)
      pasted = ''
    }
    at = next + 1
  }
  return lines
}

/** What a plain program was given, by the keys of the messages. */
export function givenKeys(record: RunRecord): string[] {
  return givenLines(record).map(keyOf)
}

/** All that can be seen at one time: what the daemon says, and what is there without it. */
export interface Evidence {
  agents: ReadonlyMap<string, Agent>
  /** By agent's name, oldest first. */
  messages: ReadonlyMap<string, Message[]>
  /** Tasks of errands, by their keys. */
  errandMessages: ReadonlyMap<string, Message>
  /** From the first on. */
  events: readonly Event[]
  processes: readonly RunProcess[]
  /** Sessions and units. */
  makings: readonly Making[]
  /** Containers, running or not. */
  boxes: readonly Box[]
  runs: ReadonlyMap<string, RunRecord>
  /** By the id of a life, or the key of an errand: what its program says of itself. */
  accounts: ReadonlyMap<string, Account>
  /** Errors in the daemons' log, and drafts of files, that nobody finished. */
  logErrors: readonly string[]
  drafts: readonly string[]
}

/** Looks around. The daemon is asked first: what it says of the past must be there when one looks. */
export class Observer {
  readonly #home: Home
  readonly #client: Client
  readonly #house: ContainerHouse | null
  readonly #events: Event[] = []

  constructor(home: Home, client: Client, house: ContainerHouse | null) {
    this.#home = home
    this.#client = client
    this.#house = house
  }

  async look(world: World): Promise<Evidence> {
    const agents = new Map<string, Agent>()
    const messages = new Map<string, Message[]>()
    for (const agent of await this.#client.list({ all: true })) {
      const own = await this.#messagesOf(agent.name)
      if (own) {
        agents.set(agent.name, agent)
        messages.set(agent.name, own)
      }
    }
    const errandMessages = new Map<string, Message>()
    for (const { key, id } of world.errands) {
      if (id !== null) {
        errandMessages.set(key, await this.#client.message(id))
      }
    }
    const since = this.#events.at(-1)?.seq ?? 0
    for await (const event of this.#client.events({ since, isFollowing: false })) {
      this.#events.push(event)
    }
    const { instance } = await this.#client.status()
    return {
      agents,
      messages,
      errandMessages,
      events: this.#events,
      ...(await this.lookOutside(world, agents, instance)),
    }
  }

  /** Null when the agent is gone meanwhile, as an errand goes. */
  async #messagesOf(name: string): Promise<Message[] | null> {
    try {
      return await this.#client.messages(name, { limit: 1000 })
    } catch (error) {
      if (error instanceof DroverError && error.code === 'agent_not_found') {
        return null
      }
      throw error
    }
  }

  /** What is there without a daemon. */
  async lookOutside(
    world: World,
    agents: ReadonlyMap<string, Agent>,
    instance: string,
  ): Promise<Omit<Evidence, 'agents' | 'messages' | 'errandMessages' | 'events'>> {
    const lives = world.actors.flatMap(({ lives: all, name }) =>
      all.map((life) => ({
        life,
        agentId: life.isRemoved ? null : (agents.get(name)?.id ?? null),
      })),
    )
    const boxes = (await this.#house?.boxes(instance)) ?? []
    return {
      accounts: new Map([
        ...lives.map(
          ({ life, agentId }) => [life.id, readAccount(life, this.#home, agentId)] as const,
        ),
        ...world.errands.map(
          (errand) => [errand.key, readAccount(errand, this.#home, null)] as const,
        ),
      ]),
      runs: readRuns(this.#home.runsFolder),
      processes: await findProcesses(instance),
      makings: [...(await findMakings(this.#home, instance)), ...makingsOf(boxes)],
      boxes,
      logErrors: readLogErrors(this.#home.logFile),
      drafts: filesBelow(this.#home.folder).filter((file) => file.endsWith('.new')),
    }
  }
}

function makingsOf(boxes: readonly Box[]): Making[] {
  return boxes.flatMap(({ id, run, isRunning }) =>
    isRunning ? [{ run: run ?? 'none', what: `container ${id.slice(0, 12)}` }] : [],
  )
}

/** Every live process with the mark of a home. */
export async function findProcesses(instance: string): Promise<RunProcess[]> {
  const marked = await findMarkedProcesses(`DROVER_INSTANCE=${instance}`)
  return marked.map(({ pid, command, environment }) => ({
    pid,
    command,
    run: environmentValue(environment, 'DROVER_RUN') ?? '',
    agent: environmentValue(environment, 'DROVER_AGENT') ?? '',
  }))
}

function readRuns(folder: string): Map<string, RunRecord> {
  return new Map(
    namesIn(folder).map((run) => {
      const read = (name: string): string => textOf(path.join(folder, run, name))
      const files = namesIn(path.join(folder, run)).toSorted()
      return [run, { files, in: read('in'), out: read('out'), err: read('err') }]
    }),
  )
}

/** Lines of level error and above. */
function readLogErrors(file: string): string[] {
  return textOf(file)
    .split('\n')
    .filter((line) => /^\{"level":[5-9]\d/.test(line))
}
