import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Decoder, LaunchRequest, Provider } from '../src/providers/contract.ts'
import { AgentSpec } from '../src/schema/agent.ts'
import type { Scratch } from './scratch.ts'

/** A program driven over plain pipes, with the arguments, files and environment that Drover gives it. */
export interface BareProgram {
  pid: number
  /** Resolves with the first line that tells a piece of the answer, or the end of the turn. */
  firstText(body: string): Promise<void>
  turn(body: string): Promise<void>
  end(): void
  ended: Promise<unknown>
}

/** What is to be known of a provider's output, to look for its lines without taking them apart. */
export interface Marks {
  /** In the line that tells a piece of the answer. */
  text: string
  /** In the line that ends a turn. */
  turnEnd: string
}

export interface BareRequest {
  provider: Provider
  marks: Marks
  name: string
  upstreams: LaunchRequest['upstreams']
  programPath: string
  options: Record<string, unknown>
}

/**
 * Starts it; resolves once it takes messages. Its lines are only searched for a word while the clock
 * runs; the provider's decoder, which says what to write next, reads them afterwards.
 */
export async function startBare(scratch: Scratch, bare: BareRequest): Promise<BareProgram> {
  const { provider, marks } = bare
  const request = launchRequest(scratch, bare)
  const launch = await provider.launch(request)
  for (const file of launch.files) {
    mkdirSync(path.dirname(file.path), { recursive: true })
    writeFileSync(file.path, file.content, { mode: 0o600 })
  }
  const child = scratch.spawn([...launch.argv], {
    cwd: request.spec.dir,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...request.env, ...launch.env },
  })
  const session = new BareSession(child, provider, provider.createDecoder(null, request.spec))
  await session.greet(launch.input ?? null)
  return {
    pid: child.pid ?? 0,
    firstText: async (body) => await session.ask(body, [marks.text, marks.turnEnd]),
    turn: async (body) => await session.ask(body, [marks.turnEnd]),
    end: () => child.stdin?.end(),
    ended: once(child, 'exit'),
  }
}

class BareSession {
  readonly #child: ChildProcess
  readonly #provider: Provider
  readonly #decoder: Decoder
  readonly #unread: string[] = []
  #onLine: (line: string) => void = () => undefined

  constructor(child: ChildProcess, provider: Provider, decoder: Decoder) {
    if (!child.stdin || !child.stdout) {
      throw new Error('The bare program has no pipes.')
    }
    this.#child = child
    this.#provider = provider
    this.#decoder = decoder
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#unread.push(line)
      this.#onLine(line)
    })
  }

  /** Says the first word, where there is one, and goes on until the program is ready. */
  async greet(input: string | null): Promise<void> {
    if (input === null) {
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onLine = () => {
      if (this.#read()) {
        resolve()
      }
    }
    this.#child.stdin?.write(input)
    await promise
  }

  async ask(body: string, marks: readonly string[]): Promise<void> {
    this.#read()
    const message = { id: randomUUID(), from: 'user', body }
    const bytes = this.#provider.encode(message, this.#decoder.snapshot())
    this.#decoder.sent(message, Date.now())
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onLine = (line) => {
      if (marks.some((mark) => line.includes(mark))) {
        resolve()
      }
    }
    this.#child.stdin?.write(bytes)
    await promise
  }

  /** Gives the decoder what came, and the program what the decoder answers; true once it is ready. */
  #read(): boolean {
    const lines = this.#unread.splice(0)
    const events = this.#decoder.push('out', lines, { now: Date.now(), isCut: false })
    for (const event of events) {
      if (event.type === 'input') {
        this.#child.stdin?.write(event.text)
      }
    }
    return events.some(({ type }) => type === 'ready')
  }
}

function launchRequest(scratch: Scratch, bare: BareRequest): LaunchRequest {
  const [dir, stateFolder] = [scratch.file(`${bare.name}-work`), scratch.file(`${bare.name}-state`)]
  mkdirSync(dir)
  mkdirSync(stateFolder)
  const { PATH = '', HOME = '', USER = '', LANG = '' } = process.env
  const { provider, upstreams, programPath, options } = bare
  const spec = AgentSpec.parse({ provider: provider.name, runtime: 'process', dir, options })
  return {
    env: { PATH, HOME, USER, LANG },
    programPath,
    upstreams,
    signal: AbortSignal.timeout(60_000),
    agent: { id: 'agent_bench', name: bare.name },
    spec,
    resume: null,
    isFork: false,
    systemPrompt: null,
    newSession: randomUUID(),
    stateFolder,
    runFolder: `${stateFolder}/run`,
  }
}
