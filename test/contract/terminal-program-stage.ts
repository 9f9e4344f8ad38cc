import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { RunOutput, type RunOutputOptions } from '../../src/daemon/run-output.ts'
import { RunWatch } from '../../src/daemon/run-watch.ts'
import type {
  Answer,
  AskedQuestion,
  DecoderState,
  LaunchRequest,
  OutgoingMessage,
  Provider,
  ProviderEvent,
  Speech,
} from '../../src/providers/contract.ts'
import type { TerminalConnection } from '../../src/runtimes/contract.ts'
import { appendAt, createRunFolder, runFiles } from '../../src/runtimes/run-folder.ts'
import { TmuxRuntime } from '../../src/runtimes/tmux/index.ts'
import { AgentSpec } from '../../src/schema/agent.ts'
import type { RunRow } from '../../src/store/index.ts'
import { throughStore } from './drive-program.ts'

const deadlineMs = 30_000
const size = { cols: 120, rows: 40 }

export interface TerminalCase {
  provider: Provider
  spec?: Partial<AgentSpec>
  env?: Record<string, string>
  upstreams?: LaunchRequest['upstreams']
  programPath?: string | null
}

/** What was read, in its order: enough to read it again without the program. */
export type TerminalRecord =
  | { sent: OutgoingMessage; now: number }
  | { stream: 'out' | 'err' | 'notes' | 'transcript'; lines: readonly string[]; now: number }

/** A provider's real program at a real terminal, with its decoder: what the daemon does, without a daemon. */
export interface TerminalDriver {
  readonly events: readonly ProviderEvent[]
  readonly recorded: readonly TerminalRecord[]
  /** Once the program is ready. `isLeft`: it is pasted and not entered, as when the Enter is lost. */
  send(message: OutgoingMessage, rest?: { isLeft?: boolean }): Promise<void>
  answer(question: AskedQuestion, answer: Answer): void
  /** Ends the turn under way; false: there is none. */
  interrupt(): boolean
  state(): DecoderState
  /** As a person who is at the terminal. */
  type(text: string): Promise<void>
  waitFor<T extends ProviderEvent>(fits: (event: ProviderEvent) => event is T): Promise<T>
  turnEnded(message: string | null): Promise<Extract<ProviderEvent, { type: 'turn.ended' }>>
  /** As a sleep ends it. */
  stop(): Promise<void>
}

export interface TerminalProgramStage {
  folder: string
  dir: string
  request(resume?: string | null, rest?: Partial<LaunchRequest>): LaunchRequest
  drive(request: LaunchRequest, start?: DecoderState | null): Promise<TerminalDriver>
  close(): Promise<void>
}

export function createTerminalStage(terminalCase: TerminalCase): TerminalProgramStage {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-terminal-')))
  const dir = path.join(folder, 'work')
  const home = path.join(folder, 'home')
  const stateFolder = path.join(folder, 'state')
  for (const place of [dir, home, stateFolder]) {
    mkdirSync(place)
  }
  const { provider, spec, env, upstreams = {}, programPath = null } = terminalCase
  const runtime = new TmuxRuntime({ socket: path.join(folder, 'tmux.sock') })
  const drivers: TerminalDriver[] = []
  let runs = 0
  return {
    folder,
    dir,
    request: (resume = null, rest = {}) => ({
      env: { PATH: process.env['PATH'] ?? '', HOME: home, TERM: 'tmux-256color', ...env },
      programPath,
      upstreams,
      signal: AbortSignal.timeout(60_000),
      agent: { id: 'agt_contract', name: 'tester' },
      spec: AgentSpec.parse({ provider: provider.name, runtime: 'tmux', dir, ...spec }),
      resume,
      newSession: '11111111-1111-4111-8111-111111111111',
      isFork: false,
      systemPrompt: null,
      stateFolder,
      runFolder: path.join(folder, 'runs', `run_${++runs}`),
      ...rest,
    }),
    async drive(request, start = null) {
      const driver = await driveTerminal(provider.terminal!, { runtime, request, start })
      drivers.push(driver)
      return driver
    },
    async close() {
      await Promise.all(drivers.map((driver) => driver.stop()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Place {
  runtime: TmuxRuntime
  request: LaunchRequest
  start: DecoderState | null
}

async function driveTerminal(
  speech: Speech,
  { runtime, request, start }: Place,
): Promise<TerminalDriver> {
  const launch = await speech.launch(request)
  for (const { path: file, content } of launch.files) {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content, { mode: 0o600 })
    chmodSync(file, 0o600)
  }
  createRunFolder(request.runFolder)
  // A name of its own: what carries it is ended, also of another suite under way.
  const instance = `test-${randomUUID()}`
  const run = { id: path.basename(request.runFolder), instance, folder: request.runFolder }
  const decoder = speech.createDecoder(start, request.spec)
  const events: ProviderEvent[] = []
  const recorded: TerminalRecord[] = []
  const waiters = new Set<() => void>()
  const row = {
    out_bytes: 0,
    err_bytes: 0,
    notes_bytes: 0,
    transcript_bytes: 0,
    transcript: null,
    runtime: 'tmux',
    is_terminal: 1,
  } as unknown as RunRow
  const output = new RunOutput({
    context: { runtimes: new Map([['tmux', runtime]]) } as unknown as RunOutputOptions['context'],
    run: row,
    spec: request.spec,
    folder: run.folder,
    isBlind: decoder.isBlindToScreen ?? false,
  })
  const watch = new RunWatch(read, (error) => {
    throw error as Error
  })
  let timer: NodeJS.Timeout | undefined
  let inBytes = 0

  function write(text: string): void {
    const bytes = Buffer.from(text)
    appendAt(runFiles(run.folder).in, inBytes, bytes)
    inBytes += bytes.length
    runtime.notifyInput(run, bytes.length)
  }

  function take(said: readonly ProviderEvent[]): void {
    events.push(...said)
    for (const event of said) {
      if (event.type === 'input') {
        write(event.text)
      } else if (event.type === 'transcript') {
        output.readTranscript(event.file, event.offset)
        watch.watchTranscript(event.file)
        setImmediate(read)
      }
    }
    clearTimeout(timer)
    const now = Date.now()
    const dueAt = decoder.dueAt(now)
    if (dueAt !== null) {
      timer = setTimeout(() => take(decoder.due(Date.now())), Math.max(1, dueAt - now))
    }
    waiters.forEach((check) => check())
  }

  function read(): void {
    for (let portions = output.read(false); portions.length > 0; portions = output.read(false)) {
      const now = Date.now()
      const said = portions.flatMap(({ stream, lines, isCut }) => {
        recorded.push({ stream, lines, now })
        return decoder.push(stream, lines, { now, isCut })
      })
      output.advance(portions)
      take(said)
    }
  }

  function waitFor<T extends ProviderEvent>(
    fits: (event: ProviderEvent) => event is T,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const check = (): void => {
      const found = events.find(fits)
      if (found) {
        resolve(found)
      }
    }
    waiters.add(check)
    check()
    const late = setTimeout(
      () => reject(new Error(`not seen in ${deadlineMs} ms; events: ${JSON.stringify(events)}`)),
      deadlineMs,
    )
    return promise.finally(() => {
      clearTimeout(late)
      waiters.delete(check)
    })
  }

  const state = (): DecoderState => throughStore(decoder.snapshot())
  watch.begin(run.folder)
  if (launch.transcript) {
    output.readTranscript(launch.transcript.file, launch.transcript.offset)
    watch.watchTranscript(launch.transcript.file)
  }
  const handle = await runtime.start(
    {
      run,
      argv: launch.argv,
      env: { ...request.env, ...launch.env },
      cwd: request.spec.dir,
      terminal: size,
    },
    request.signal,
  )
  let connection: TerminalConnection | null = null
  let isStopped = false
  return {
    events,
    recorded,
    state,
    waitFor,
    async send(message, { isLeft = false } = {}) {
      if (speech.capabilities.handshake) {
        await waitFor((event) => event.type === 'ready')
      }
      recorded.push({ sent: message, now: Date.now() })
      const strokes = speech.encode(message, state())
      write(isLeft ? strokes.replace(/keys \d+\n[^\n]+\n$/, '') : strokes)
      take(decoder.sent(message, Date.now()))
    },
    answer: (question, answer) => write(speech.answer!(question, answer)),
    interrupt() {
      const text = speech.interrupt?.(state()) ?? null
      if (text !== null) {
        write(text)
      }
      return text !== null
    },
    async type(text) {
      const signal = AbortSignal.timeout(deadlineMs)
      connection ??= await runtime.openTerminal(run, handle, {
        size,
        isReadOnly: false,
        onEvent: () => {},
        signal,
      })
      connection.write(Buffer.from(text))
    },
    turnEnded: (message) =>
      waitFor(
        (event): event is Extract<ProviderEvent, { type: 'turn.ended' }> =>
          event.type === 'turn.ended' && event.message === message,
      ),
    async stop() {
      if (isStopped) {
        return
      }
      isStopped = true
      clearTimeout(timer)
      connection?.close()
      const signal = AbortSignal.timeout(deadlineMs)
      await runtime.stop(run, handle, { askMs: speech.askMs, graceMs: 3000, signal })
      read()
      watch.end()
      output.close()
      await runtime.destroy(run, handle, signal)
    },
  }
}
