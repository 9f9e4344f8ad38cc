import { randomUUID } from 'node:crypto'
import type { LoginRequest, Provider } from '../providers/contract.ts'
import { joinPrompt } from '../core/system-prompt.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { RunRequest } from '../schema/requests.ts'
import { createId } from '../util/id.ts'
import { checkLimits } from './check-limits.ts'
import { agentFolders, getProvider, providerContext, type DaemonContext } from './context.ts'
import { findSession } from './import-session.ts'
import { resolveSpec } from './resolve-spec.ts'
import { readPromptLayers } from './system-prompt.ts'
import type { Templates } from './templates.ts'

/** What would be made of a request, under an id that nobody has. */
export interface CheckedRequest {
  id: string
  /** The template's own name. */
  template: string
  spec: AgentSpec
  /** The session that it begins with; null: a fresh one. */
  session: string | null
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
  const provider = getProvider(context, spec.provider)
  const base = providerContext(context, spec.provider, spec.env)
  const session = await findSession(context, { id, spec }, request.resume)
  const layers = await readPromptLayers(context, { agent: { id, name: request.name ?? '' }, spec })
  const launch = await provider.launch({
    ...base,
    agent: { id, name: '' },
    spec,
    resume: session,
    newSession: randomUUID(),
    isFork: false,
    systemPrompt: joinPrompt(layers),
    stateFolder: folders.state,
  })
  checkLogin(provider, { ...base, options: spec.options, stateFolder: folders.state })
  await checkLimits(context, spec, launch)
  return { id, template: template.name, spec, session }
}

/** A program that is sure to be asked for its login would only fail its first turn. Errors: `not_logged_in`. */
function checkLogin(provider: Provider, request: LoginRequest): void {
  if (provider.login?.(request) === 'no') {
    const problem = `provider: ${provider.title} is not logged in.`
    const { loginHint = '' } = provider
    throw new DroverError('not_logged_in', `${problem} ${loginHint}`.trim(), {
      details: { field: 'provider', provider: provider.name },
    })
  }
}
