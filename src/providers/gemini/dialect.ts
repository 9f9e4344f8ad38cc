import type { AgentSpec } from '../../schema/agent.ts'
import { plainDialect, type Dialect } from '../acp/dialect.ts'
import { textOf, type JsonObject } from '../acp/wire.ts'
import { GeminiOptions } from './options.ts'

/** So long after its last word of the past nothing more of it comes, ms. */
const replayQuietMs = 250

/**
 * Gemini CLI over ACP, where it differs. It tells a loaded conversation again after it said that it
 * was loaded; it gives a tool's name as the beginning of its id and no input; and a failure of the
 * model that it tries to get over it tells on stderr only.
 */
export function geminiDialect(spec: AgentSpec): Dialect {
  const { silentMs } = GeminiOptions.parse(spec.options)
  return {
    ...plainDialect,
    title: 'Gemini CLI',
    dir: spec.dir,
    silentMs,
    replayQuietMs,
    toolName: ({ toolCallId }: JsonObject) => textOf(textOf(toolCallId)?.split('__')[0]),
    toolInput: ({ kind, title }: JsonObject) => {
      const command = textOf(title)
      return kind === 'execute' && command !== null ? { command } : null
    },
    readTrouble,
  }
}

/** `Attempt 1 failed with status 503. Retrying with backoff... _ApiError: {"error":{…}}` */
function readTrouble(line: string): string | null {
  const [, status, rest = ''] =
    /^Attempt \d+ failed with status (\d+)\. Retrying with backoff\.\.\. ?(.*)/.exec(line) ?? []
  if (status === undefined) {
    return /^Attempt \d+ failed: (.*)/.exec(line)?.[1] ?? null
  }
  const said = /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(rest)?.[1]
  return `status ${status}${said === undefined ? '' : `: ${said}`}`
}
