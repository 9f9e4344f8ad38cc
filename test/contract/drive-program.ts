import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type {
  Answer,
  AskedQuestion,
  Decoder,
  DecoderState,
  LaunchRequest,
  OutgoingMessage,
  Provider,
  ProviderEvent,
  Reload,
} from '../../src/providers/contract.ts'

/** What a decoder was told, to be told again. */
export type Recorded =
  | { what: 'sent'; message: OutgoingMessage; now: number }
  | { what: 'push'; stream: 'out' | 'err'; lines: string[]; now: number }
  | { what: 'due'; now: number }
  | { what: 'ended'; now: number; isSuccess: boolean }

export interface ProgramExit {
  code: number | null
  signal: NodeJS.Signals | null
}

/**
 * A provider's real program on plain pipes, with its decoder: what the daemon does, without a daemon.
 * What the decoder wants to be told to the program (`input`) is written at once.
 */
export interface Driver {
  readonly child: ChildProcessWithoutNullStreams
  readonly events: readonly ProviderEvent[]
  readonly recorded: readonly Recorded[]
  /** Written at once; with a handshake once the program is ready. */
  send(message: OutgoingMessage): void
  /** Answers a question that it asked. */
  answer(question: AskedQuestion, answer: Answer): void
  /** Ends the turn under way; false: there is none to end. */
  interrupt(): boolean
  /** Changes what it can change as it runs; false: not as things stand. */
  reload(change: Reload): boolean
  /** What the decoder remembers now, as the store would give it back. */
  state(): DecoderState
  /** The first event that fits, at once if it was there already. Rejects at the deadline, with all events. */
  waitFor<T extends ProviderEvent>(fits: (event: ProviderEvent) => event is T): Promise<T>
  turnEnded(message: string): Promise<Extract<ProviderEvent, { type: 'turn.ended' }>>
  /** End of the program's input; resolves when it is gone. */
  end(): Promise<ProgramExit>
  exited: Promise<ProgramExit>
}

const deadlineMs = 30_000

/** Launches the program as the provider says. `env` is the complete environment; `start` is what `carry` gave. */
export async function driveProgram(
  provider: Provider,
  request: LaunchRequest,
  start: DecoderState | null = null,
): Promise<Driver> {
  const launch = await provider.launch(request)
  for (const { path: file, content } of launch.files) {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content, { mode: 0o600 })
    chmodSync(file, 0o600)
  }
  const [program, ...args] = launch.argv
  const child = spawn(program, args, {
    cwd: request.spec.dir,
    env: { ...request.env, ...launch.env },
  })
  child.stdin.on('error', () => {})
  const recorder = createRecorder(provider.createDecoder(start, request.spec), (text) => {
    child.stdin.write(text)
  })
  if (launch.input !== undefined) {
    child.stdin.write(launch.input)
  }
  readPipes(child, recorder)
  const exited = waitForExit(child, recorder)
  const waitFor: Driver['waitFor'] = (fits) => recorder.find(fits)
  return {
    child,
    events: recorder.events,
    recorded: recorder.recorded,
    exited,
    waitFor,
    ...createTalk(provider, child, recorder),
    turnEnded: (message) =>
      waitFor(
        (event): event is Extract<ProviderEvent, { type: 'turn.ended' }> =>
          event.type === 'turn.ended' && event.message === message,
      ),
    end() {
      child.stdin.end()
      return exited
    },
  }
}

type Talk = Pick<Driver, 'send' | 'answer' | 'interrupt' | 'reload' | 'state'>

/** What can be told to the program, each as the provider writes it. */
function createTalk(
  provider: Provider,
  { stdin }: ChildProcessWithoutNullStreams,
  recorder: Recorder,
): Talk {
  const { handshake } = provider.capabilities
  const state = (): DecoderState => throughStore(recorder.snapshot())
  const give = (message: OutgoingMessage): void => {
    stdin.write(provider.encode(message, handshake ? state() : null))
    recorder.tell({ what: 'sent', message, now: Date.now() })
  }
  const write = (text: string | null | undefined): boolean => {
    if (typeof text !== 'string') {
      return false
    }
    stdin.write(text)
    return true
  }
  return {
    state,
    send(message) {
      if (handshake && !recorder.events.some(isReady)) {
        // One that never is ready is told by whoever waits for the turn.
        recorder.find(isReady).then(
          () => give(message),
          () => undefined,
        )
      } else {
        give(message)
      }
    },
    answer: (question, answer) => void write(provider.answer?.(question, answer)),
    interrupt: () => write(provider.interrupt?.(state())),
    reload: (change) => write(provider.reload?.(change, state())),
  }
}

function isReady(event: ProviderEvent): event is Extract<ProviderEvent, { type: 'ready' }> {
  return event.type === 'ready'
}

/** Tells a decoder again what it was told; `between` may swap the decoder after each step. */
export function replay(
  recorded: readonly Recorded[],
  decoder: Decoder,
  between: (decoder: Decoder) => Decoder = (same) => same,
): ProviderEvent[] {
  const events: ProviderEvent[] = []
  let current = decoder
  for (const step of recorded) {
    events.push(...tell(current, step))
    current = between(current)
  }
  return joinTexts(events)
}

/** Pushes of many lines as as many pushes of one. */
export function lineByLine(recorded: readonly Recorded[]): Recorded[] {
  return recorded.flatMap((step): Recorded[] =>
    step.what === 'push' ? step.lines.map((line) => ({ ...step, lines: [line] })) : [step],
  )
}

/** A state as the store gives it back. */
export function throughStore(state: DecoderState): DecoderState {
  return JSON.parse(JSON.stringify(state)) as DecoderState
}

/** Neighbouring texts joined: how they were cut into events is not what they say. */
export function joinTexts(events: readonly ProviderEvent[]): ProviderEvent[] {
  const joined: ProviderEvent[] = []
  for (const event of events) {
    const last = joined.at(-1)
    const isSame =
      last?.type === event.type &&
      (event.type !== 'output' || (last.type === 'output' && last.stream === event.stream))
    if (last && isSame && 'text' in event && 'text' in last) {
      joined[joined.length - 1] = { ...event, text: last.text + event.text }
    } else {
      joined.push(event)
    }
  }
  return joined
}

function tell(decoder: Decoder, step: Recorded): ProviderEvent[] {
  switch (step.what) {
    case 'sent':
      return decoder.sent(step.message, step.now)
    case 'push':
      return decoder.push(step.stream, step.lines, { now: step.now, isCut: false })
    case 'due':
      return decoder.due(step.now)
    default:
      return decoder.ended(step.now, step.isSuccess)
  }
}

function createRecorder(decoder: Decoder, write: (text: string) => void) {
  const events: ProviderEvent[] = []
  const recorded: Recorded[] = []
  const waiters = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  const recorder = {
    events,
    recorded,
    snapshot: () => decoder.snapshot(),
    tell(step: Recorded): void {
      recorded.push(step)
      const said = tell(decoder, step)
      events.push(...said)
      said.forEach((event) => event.type === 'input' && write(event.text))
      clearTimeout(timer)
      const dueAt = decoder.dueAt(step.now)
      if (dueAt !== null && step.what !== 'ended') {
        timer = setTimeout(
          () => recorder.tell({ what: 'due', now: Date.now() }),
          Math.max(1, dueAt - Date.now()),
        )
      }
      waiters.forEach((check) => check())
    },
    find<T extends ProviderEvent>(fits: (event: ProviderEvent) => event is T): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      const check = () => {
        const found = events.find(fits)
        if (found) {
          resolve(found)
        }
      }
      waiters.add(check)
      check()
      const late = setTimeout(
        () =>
          reject(
            new Error(`not seen in ${deadlineMs} ms; events: ${JSON.stringify(joinTexts(events))}`),
          ),
        deadlineMs,
      )
      return promise.finally(() => {
        clearTimeout(late)
        waiters.delete(check)
      })
    },
  }
  return recorder
}

type Recorder = ReturnType<typeof createRecorder>

function readPipes(child: ChildProcessWithoutNullStreams, recorder: Recorder): void {
  for (const stream of ['out', 'err'] as const) {
    let rest = ''
    const pipe = stream === 'out' ? child.stdout : child.stderr
    pipe.setEncoding('utf8')
    pipe.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (lines.length > 0) {
        recorder.tell({ what: 'push', stream, lines, now: Date.now() })
      }
    })
  }
}

function waitForExit(
  child: ChildProcessWithoutNullStreams,
  recorder: Recorder,
): Promise<ProgramExit> {
  const { promise, resolve, reject } = Promise.withResolvers<ProgramExit>()
  child.once('error', reject)
  child.once('close', (code, signal) => {
    recorder.tell({ what: 'ended', now: Date.now(), isSuccess: code === 0 })
    resolve({ code, signal })
  })
  return promise
}
