import type { AgentSpec } from '../../schema/agent.ts'
import { plainDialect, type Dialect } from '../acp/dialect.ts'
import { textOf, type JsonObject } from '../acp/wire.ts'
import { OpencodeOptions } from './options.ts'

/**
 * OpenCode over ACP, where it differs. A failure of the model that it tries to get over it tells on
 * stderr only; a tool's name is the title of its first update, and none but that; and its tokens are
 * those of the turn's last call.
 */
export function opencodeDialect(spec: AgentSpec): Dialect {
  const { silentMs } = OpencodeOptions.parse(spec.options)
  return {
    ...plainDialect,
    title: 'OpenCode',
    dir: spec.dir,
    silentMs,
    silenceClass: 'overloaded',
    hasTokensOfLastCall: true,
    toolName: ({ sessionUpdate, status, title }: JsonObject) =>
      sessionUpdate === 'tool_call' && status === 'pending' ? textOf(title) : null,
    readTrouble,
  }
}

/** `… level=ERROR … message="stream error" … small=false … error.error="AI_APICallError: Overloaded"` */
function readTrouble(line: string): string | null {
  if (!/ level=ERROR .*message="stream error"/.test(line)) {
    return null
  }
  // A title for the session is made on the side; nobody waits for it.
  const isAside = / small=true /.test(line)
  const said = / error\.error="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]
  return isAside || said === undefined ? null : said.replaceAll(/\\(.)/g, '$1')
}
