import type { AgentSpec } from '../schema/agent.ts'
import type { RunRow } from '../store/index.ts'
import { agentFolders, getRuntime, type DaemonContext } from './context.ts'

/**
 * Where the transcript of a run may be; null: anywhere. The program names it itself, and one in a
 * container may see nothing by way of us that it does not see there.
 */
export function transcriptFolders(
  context: Pick<DaemonContext, 'home' | 'runtimes'>,
  { runtime, agent_id: agentId }: Pick<RunRow, 'runtime' | 'agent_id'>,
  { dir }: Pick<AgentSpec, 'dir'>,
): readonly string[] | null {
  if (!getRuntime(context, runtime).capabilities.elsewhere) {
    return null
  }
  const { state, home } = agentFolders(context, agentId)
  return [state, home, dir]
}
