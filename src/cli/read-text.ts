import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { CliContext, TextSource } from './context.ts'

/**
 * The text of a message as given: an argument, or `-` for standard input, whose last newline does
 * not count. Throws `invalid_message` (empty, NUL, not UTF-8) or `message_too_large`.
 */
export async function readText(given: string, context: CliContext): Promise<string> {
  if (given === '-') {
    return checkText(decodeText(await readInput(context.stdin), 'standard input'), 'standard input')
  }
  if (given.includes('\uFFFD') && !isCommandLineValid()) {
    throw invalid('The text is not valid UTF-8.')
  }
  return checkText(given, 'The text')
}

/** Strict decoding: bytes that are not UTF-8 are an error that says where. */
export function decodeText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      .decode(bytes)
      .replace(/\r?\n$/, '')
  } catch (error) {
    throw invalid(`${capitalize(source)} is not valid UTF-8.`, error)
  }
}

/** What the daemon would refuse too, said before anything is sent. */
export function checkText(text: string, source: string): string {
  const name = capitalize(source)
  if (text === '') {
    throw invalid(`${name} is empty.`)
  }
  if (text.includes('\0')) {
    throw invalid(`${name} contains NUL.`)
  }
  if (!text.isWellFormed()) {
    throw invalid(`${name} is not valid Unicode (a lone surrogate).`)
  }
  if (Buffer.byteLength(text) > limits.messageBytes) {
    throw tooLarge(name)
  }
  return text
}

async function readInput(stdin: TextSource): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    chunks.push(buffer)
    bytes += buffer.length
    if (bytes > limits.messageBytes + 2) {
      throw tooLarge('Standard input')
    }
  }
  return Buffer.concat(chunks)
}

/** Node replaces bytes of argv that are not UTF-8; where the system shows them, we can tell. */
function isCommandLineValid(): boolean {
  try {
    const { isUtf8 } = process.getBuiltinModule('node:buffer')
    return isUtf8(process.getBuiltinModule('node:fs').readFileSync('/proc/self/cmdline'))
  } catch {
    return true
  }
}

function invalid(message: string, cause?: unknown): DroverError {
  return new DroverError('invalid_message', message, { details: { field: 'body' }, cause })
}

function tooLarge(name: string): DroverError {
  return new DroverError(
    'message_too_large',
    `${name} is larger than ${limits.messageBytes} bytes.`,
    {
      details: { field: 'body', limit: limits.messageBytes },
    },
  )
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
