/**
 * The agent program of the `chat` provider: a conversation with a model, over the runner protocol.
 * Its one argument is the path of its config file; secrets are in files that the config names.
 *
 * Ends with code 0 after end of input or `stop`, when the turn it is in is on disk; with 143 or
 * 130 after TERM or INT, which abort that turn; with 1 when it can't begin.
 */
import { readChatConfig, type ChatConfig } from './chat-config.ts'
import { chooseModel, createModel } from './choose-model.ts'
import { readLines } from './input-lines.ts'
import type { Model } from './model.ts'
import { createOutput, type Output } from './output.ts'
import { openSession, type Session } from './session-file.ts'
import { takeTurn, type Query } from './take-turn.ts'
import { parseRunnerInput, runnerProtocolVersion } from '../ndjson/protocol.ts'

const output = createOutput(1)

await main(process.argv[2]).catch((error: unknown) => {
  fail(error)
  process.exit(1)
})

async function main(configFile: string | undefined): Promise<void> {
  if (!configFile) {
    throw new Error('usage: program CONFIGFILE')
  }
  const config = readChatConfig(configFile)
  const session = openSession(config.session)
  const abort = new AbortController()
  abortOnSignals(abort)
  output.print({ type: 'ready', protocol: runnerProtocolVersion, session: config.session.id })
  const worker = createWorker({ config, session, output, signal: abort.signal })
  await readQueries(worker, abort.signal)
  session.close()
  // A signal's exit code is set already; a standard input that is still open must not hold us.
  process.exit()
}

/** TERM and INT abort the turn; the program then ends by itself. */
function abortOnSignals(abort: AbortController): void {
  for (const [signal, exitCode] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    process.on(signal, () => {
      process.exitCode = exitCode
      abort.abort(new Error(signal))
    })
  }
}

interface Worker {
  /** Queries are worked on one after the other. */
  take(query: Query): void
  /** No query after the one that is worked on is begun. */
  stop(): void
  /** Resolves when nothing is left to do. */
  finished(): Promise<void>
  /** Rejects when the program can't go on: the conversation or the output can't be written. */
  broken: Promise<never>
}

interface WorkerContext {
  config: ChatConfig
  session: Session
  output: Output
  signal: AbortSignal
}

function createWorker(context: WorkerContext): Worker {
  let tail = Promise.resolve()
  let isStopped = false
  let found: Model | undefined
  const model = async () => (found ??= await connectModel(context))
  const { promise: broken, reject } = Promise.withResolvers<never>()
  const work = async (query: Query) => {
    if (!isStopped && !context.signal.aborted) {
      await takeTurn(query, { ...context, model })
    }
  }
  return {
    broken,
    take(query) {
      tail = tail.then(() => work(query)).catch(reject)
    },
    stop() {
      isStopped = true
    },
    finished: () => tail,
  }
}

/** The model for this run, chosen when the first message comes, and named once in the output. */
async function connectModel({ config, output: to, signal }: WorkerContext): Promise<Model> {
  const model = createModel(await chooseModel(config.model, signal), config.limits)
  signal.throwIfAborted()
  to.event(null, { type: 'status', status: 'model', detail: model.title })
  return model
}

async function readQueries(worker: Worker, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<'aborted'>()
  signal.addEventListener('abort', () => resolve('aborted'))
  if ((await Promise.race([readInput(worker), aborted, worker.broken])) === 'stop') {
    worker.stop()
  }
  await Promise.race([worker.finished(), worker.broken])
}

async function readInput(worker: Worker): Promise<'stop' | 'end'> {
  for await (const line of readLines(process.stdin as AsyncIterable<Buffer>)) {
    const input = parseRunnerInput(line)
    if (input?.type === 'stop') {
      return 'stop'
    }
    if (input?.type === 'ping') {
      output.print({ type: 'pong' })
    } else if (input?.type === 'query') {
      worker.take(input)
    } else if (input === null && line.trim() !== '') {
      output.print({
        type: 'agent_error',
        class: 'config',
        message: `not a line of the runner protocol: ${line.slice(0, 100)}`,
      })
    }
  }
  return 'end'
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`chat: ${message}\n`)
  try {
    output.print({ type: 'agent_error', class: 'config', message })
  } catch {
    // Nobody reads any more; stderr has it.
  }
}
