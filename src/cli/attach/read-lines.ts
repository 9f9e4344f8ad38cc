import { LineSplitter } from '../../client/line-splitter.ts'
import { DroverError } from '../../schema/error.ts'
import type { TextSource } from '../context.ts'

/**
 * The lines of standard input as they come, without empty ones. Ends early when the signal aborts,
 * and then lets go of the input. Throws `invalid_message` for bytes that are not UTF-8.
 */
export async function* readLines(source: TextSource, signal: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const splitter = new LineSplitter()
  const letGo = (): unknown => source.destroy()
  signal.addEventListener('abort', letGo, { once: true })
  try {
    for await (const chunk of source) {
      const text = typeof chunk === 'string' ? chunk : decode(decoder, chunk)
      yield* splitter.push(text).map(withoutReturn).filter(Boolean)
    }
    yield* [...splitter.push(decode(decoder)), ...splitter.end()].map(withoutReturn).filter(Boolean)
  } catch (error) {
    if (!signal.aborted) {
      throw error
    }
  } finally {
    signal.removeEventListener('abort', letGo)
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk?: Uint8Array): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
  } catch (error) {
    throw new DroverError('invalid_message', 'Standard input is not valid UTF-8.', {
      details: { field: 'body' },
      cause: error,
    })
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
