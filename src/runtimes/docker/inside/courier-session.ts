import type { FileHandle } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { fileSize } from '../../../util/file-size.ts'
import { openPlainHandle } from '../../../util/plain-file.ts'
import type { RunReference } from '../../contract.ts'
import { appendAt, runFiles } from '../../run-folder.ts'
import type { Engine } from '../engine/engine.ts'
import { innerFolder, type Place } from './notes.ts'
import { readLine } from './read-line.ts'
import { scriptArgv } from './run-script.ts'
import { readStanding, type Standing } from './standing.ts'

/** How long the first line may take to come, ms. */
const greetingMs = 20_000

const pieceBytes = 64 * 1024

export interface SessionOptions {
  run: RunReference
  place: Place
  /** The length of the whole input, where no more will come; null: more may. */
  inEnd: number | null
  /** How it stands, before anything is carried. */
  onStanding: (standing: Standing | null) => void
  /** Resolves when there may be more input. */
  moreInput: (signal: AbortSignal) => Promise<void>
}

/**
 * One connection over which a run's output comes home and its input goes there, from where both sides
 * stand. Resolves when it has ended at its other end, with how the run stood at its beginning.
 */
export async function carry(
  engine: Engine,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Standing | null> {
  const { run, place, inEnd } = options
  const files = runFiles(run.folder)
  const offsets = { out: fileSize(files.out), err: fileSize(files.err) }
  const args = [
    innerFolder(run),
    'carry',
    String(offsets.out),
    String(offsets.err),
    inEnd === null ? '' : String(inEnd),
  ]
  const ending = new AbortController()
  const bound = AbortSignal.any([signal, ending.signal])
  const exec = await engine.exec(
    place.container,
    { argv: scriptArgv('courier.sh', args), user: place.user },
    bound,
  )
  const timer = setTimeout(
    () => ending.abort(new Error('Its courier said nothing.')),
    greetingMs,
  ).unref()
  try {
    const { line, rest } = await readLine(exec.stdout)
    clearTimeout(timer)
    const standing = readStanding(line)
    options.onStanding(standing)
    const feeding = standing?.isAlive
      ? feed(exec.stdin, { ...options, from: standing.inBytes }, bound)
      : Promise.resolve()
    feeding.catch((error: unknown) => ending.abort(error as Error))
    await Promise.all([
      keep(exec.stdout, { file: files.out, from: offsets.out, rest }),
      keep(exec.stderr, { file: files.err, from: offsets.err, rest: null }),
    ])
    return standing
  } finally {
    clearTimeout(timer)
    ending.abort(new Error('The connection is over.'))
    exec.close()
  }
}

interface Kept {
  file: string
  from: number
  rest: Buffer | null
}

/** Every byte has its place: what another courier brought already is left. */
async function keep(stream: Readable, { file, from, rest }: Kept): Promise<void> {
  let offset = from
  const take = (piece: Buffer): void => {
    if (piece.length > 0) {
      appendAt(file, offset, piece)
      offset += piece.length
    }
  }
  take(rest ?? Buffer.alloc(0))
  for await (const piece of stream as AsyncIterable<Buffer>) {
    take(piece)
  }
}

/** Sends what is in `in` from there on, and what comes to it, as fast as the other side takes it. */
async function feed(
  stdin: Writable,
  { run, from, inEnd, moreInput }: SessionOptions & { from: number },
  signal: AbortSignal,
): Promise<void> {
  const { in: input } = runFiles(run.folder)
  let file: FileHandle | null = null
  const last = inEnd ?? Infinity
  let offset = from
  try {
    while (!signal.aborted && offset < last) {
      const more = moreInput(signal)
      if (fileSize(input) <= offset) {
        await more
        continue
      }
      file ??= await openPlainHandle(input)
      const { bytesRead, buffer } = await file.read(Buffer.alloc(pieceBytes), 0, pieceBytes, offset)
      offset += bytesRead
      await send(stdin, buffer.subarray(0, bytesRead), signal)
    }
    if (!signal.aborted) {
      stdin.end()
    }
  } finally {
    await file?.close()
  }
}

async function send(stdin: Writable, piece: Buffer, signal: AbortSignal): Promise<void> {
  const sent = Promise.withResolvers<void>()
  const abort = (): void => sent.resolve()
  signal.addEventListener('abort', abort, { once: true })
  stdin.write(piece, () => sent.resolve())
  await sent.promise
  signal.removeEventListener('abort', abort)
}
