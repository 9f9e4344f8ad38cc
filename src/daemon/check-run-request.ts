import { randomUUID } from 'node:crypto'
import type { AgentSpec } from '../schema/agent.ts'
import type { RunRequest } from '../schema/requests.ts'
import { createId } from '../util/id.ts'
import { checkLimits } from './check-limits.ts'
import { agentFolders, getProvider, providerContext, type DaemonContext } from './context.ts'
import { resolveSpec } from './resolve-spec.ts'
import type { Templates } from './templates.ts'

/** What would be made of a request, under an id that nobody has. */
export interface CheckedRequest {
  id: string
  /** The template's own name. */
  template: string
  spec: AgentSpec
}

/**
 * Everything about a request that can be known before an agent is made. What would keep its program
 * from starting, a missing one for instance, is told at once. Errors: those of the template and the
 * spec, each naming its field; nothing is made.
 */
export async function checkRunRequest(
  context: DaemonContext,
  templates: Templates,
  request: RunRequest,
): Promise<CheckedRequest> {
  const { template } = templates.get(request.template ?? '')
  const id = createId('agent')
  const folders = agentFolders(context, id)
  const spec = resolveSpec(context, template, request, folders.work)
  const launch = await getProvider(context, spec.provider).launch({
    ...providerContext(context, spec.provider, spec.env),
    agent: { id, name: '' },
    spec,
    resume: null,
    newSession: randomUUID(),
    isFork: false,
    systemPrompt: spec.persona ?? null,
    stateFolder: folders.state,
  })
  await checkLimits(context, spec, launch)
  return { id, template: template.name, spec }
}
