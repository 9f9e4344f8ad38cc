import { createColors, wantsColors, type Colors } from './colors.ts'
import type { CliContext, TextSink } from './context.ts'

/** Where a command's words go: results on stdout, everything else on stderr. */
export interface Output {
  /** stdout is a terminal, and a person reads it. */
  isTerminal: boolean
  /** Columns of the terminal; Infinity elsewhere. */
  width: number
  colors: Colors
  /** Resolves once the reader can take more. */
  write(chunk: string | Uint8Array): Promise<void>
  line(text?: string): Promise<void>
  lines(texts: readonly string[]): Promise<void>
  /** One JSON value on one line. */
  json(value: unknown): Promise<void>
  /** A line for people on stderr. */
  note(text: string): void
}

export function createOutput({ stdout, stderr, env }: CliContext): Output {
  const isTerminal = stdout.isTTY === true
  const write = (chunk: string | Uint8Array): Promise<void> => writeAll(stdout, chunk)
  return {
    isTerminal,
    width: isTerminal ? (stdout.columns ?? 80) : Infinity,
    colors: createColors(wantsColors(isTerminal, env)),
    write,
    line: (text = '') => write(`${text}\n`),
    lines: (texts) => (texts.length > 0 ? write(`${texts.join('\n')}\n`) : Promise.resolve()),
    json: (value) => write(`${toJson(value)}\n`),
    note: (text) => {
      stderr.write(`${text}\n`)
    },
  }
}

/** JSON that a terminal takes for nothing else: DEL and C1, which JSON allows, are escaped as C0 is. */
export function toJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  )
}

/** A reader that went away is the business of the stream's `error` listener, not of each write. */
async function writeAll(sink: TextSink, chunk: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    const isRoomLeft = sink.write(chunk, () => resolve())
    if (isRoomLeft) {
      resolve()
    }
  })
}
