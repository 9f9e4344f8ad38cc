import type { AgentSpec } from '../../schema/agent.ts'
import { plainDialect, type Dialect } from '../acp/dialect.ts'
import { textOf, type JsonObject } from '../acp/wire.ts'
import { GeminiOptions } from './options.ts'

/** So long after its last word of the past nothing more of it comes, ms. */
const replayQuietMs = 250

/**
 * Gemini CLI over ACP, where it differs. It tells a loaded conversation again after it said that it
 * was loaded; it gives a tool's name as the beginning of its id and no input; and what goes wrong
 * with the model it keeps to itself while it tries again.
 */
export function geminiDialect(spec: AgentSpec): Dialect {
  const { silentMs } = GeminiOptions.parse(spec.options)
  return {
    ...plainDialect,
    title: 'Gemini CLI',
    dir: spec.dir,
    silentMs,
    silenceClass: 'overloaded',
    replayQuietMs,
    toolName: ({ toolCallId }: JsonObject) => textOf(textOf(toolCallId)?.split('__')[0]),
    toolInput: ({ kind, title }: JsonObject) => {
      const command = textOf(title)
      return kind === 'execute' && command !== null ? { command } : null
    },
  }
}
