/**
 * The agent program of the `chat` provider: a conversation with a model, over the runner protocol.
 * Its one argument is the path of its config file; secrets are in files that the config names.
 *
 * Ends with code 0 after end of input or `stop`, when the turn it is in is on disk; with 143 or
 * 130 after TERM or INT, which abort that turn; with 1 when it can't begin.
 */
import { parseRunnerInput, runnerClaims, runnerProtocolVersion } from '../ndjson/protocol.ts'
import { readChatConfig } from './chat-config.ts'
import { readLines } from './input-lines.ts'
import { createOutput } from './output.ts'
import { openSession } from './session-file.ts'
import { createWorker, type Worker } from './worker.ts'

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
  output.print({
    type: 'ready',
    protocol: runnerProtocolVersion,
    session: config.session.id,
    can: runnerClaims,
  })
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
    if (input === null) {
      refuseLine(line)
    } else if (input.type === 'stop') {
      return 'stop'
    } else if (input.type === 'ping') {
      output.print({ type: 'pong' })
    } else if (input.type !== 'unknown') {
      worker.take(input)
    }
  }
  return 'end'
}

function refuseLine(line: string): void {
  if (line.trim() !== '') {
    const message = `not a line of the runner protocol: ${line.slice(0, 100)}`
    output.print({ type: 'agent_error', class: 'config', message })
  }
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
