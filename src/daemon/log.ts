import { renameSync } from 'node:fs'
import { pino, type Logger } from 'pino'
import type { Config } from '../schema/config.ts'
import { fileSize } from '../util/file-size.ts'

export type { Logger }

/** Keys whose values never reach the log, at any depth we write: secrets, and what people said. */
const hidden = [
  'token',
  'authorization',
  'key',
  'apiKey',
  'password',
  'env',
  'body',
  'prompt',
  'text',
  'reply',
  'persona',
  'promptAppend',
  'systemPrompt',
]

/** A log file that is larger than this is set aside at the daemon's next look, bytes. */
const longestLogBytes = 16 * 1024 * 1024

/** What a full disk keeps from being written is held in memory up to this, characters; more is dropped. */
const longestUnwrittenLength = 1024 * 1024

/** The log, and the way to keep its file within bounds. */
export interface DaemonLog {
  log: Logger
  /** Sets a log file aside that has grown too long; the one set aside before goes. */
  rotate: () => void
}

/** The daemon's structured log, one JSON object a line, appended to a file that is 0600. */
export function createLog(file: string, level: Config['log']['level']): DaemonLog {
  const options = {
    level,
    base: null,
    redact: { paths: hidden.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[hidden]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  const destination = pino.destination({
    dest: file,
    append: true,
    mode: 0o600,
    mkdir: true,
    sync: true,
    maxLength: longestUnwrittenLength,
  })
  // A line that can't be written, on a full disk for one, is tried again with the next; the daemon goes on.
  destination.on('error', () => undefined)
  const rotate = (): void => {
    if (fileSize(file) > longestLogBytes) {
      renameSync(file, `${file}.old`)
      destination.reopen()
    }
  }
  return { log: pino(options, destination), rotate }
}
