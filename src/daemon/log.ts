import { pino, type Logger } from 'pino'
import type { Config } from '../schema/config.ts'

export type { Logger }

/** Keys whose values never reach the log, at any depth we write: secrets, and what people said. */
const hidden = ['token', 'authorization', 'key', 'apiKey', 'password', 'env', 'body', 'prompt', 'text', 'reply', 'persona']

/** The daemon's structured log, one JSON object a line. `file` is appended to, 0600. */
export function createLog(file: string | null, level: Config['log']['level']): Logger {
  const options = {
    level,
    base: null,
    redact: { paths: hidden.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[hidden]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  return file ? pino(options, pino.destination({ dest: file, append: true, mode: 0o600, mkdir: true, sync: true })) : pino({ ...options, enabled: false })
}
