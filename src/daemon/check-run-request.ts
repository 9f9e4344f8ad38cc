import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { RunRequest } from '../schema/requests.ts'
import type { Template } from '../schema/template.ts'
import { createId } from '../util/id.ts'
import { checkLaunch } from './check-launch.ts'
import { agentFolders, type DaemonContext } from './context.ts'
import { findSession } from './import-session.ts'
import { planWorktree } from './plan-worktree.ts'
import { resolveSpec } from './resolve-spec.ts'
import type { Templates } from './templates.ts'

/** What would be made of a request, under an id that nobody has. */
export interface CheckedRequest {
  id: string
  /** The template's own name. */
  template: string
  spec: AgentSpec
  /** The session that it begins with; null: a fresh one. */
  session: string | null
  /** What is to be told, though it is no error. */
  notes: string[]
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
  const resolved = resolveSpec(context, template, request, folders.work)
  const { spec, notes } = await placeOf(context, { id, template, request, spec: resolved, folders })
  const session = await findSession(context, { id, spec }, request.resume)
  await checkLaunch(context, { agent: { id, name: request.name ?? '' }, spec, session })
  return { id, template: template.name, spec, session, notes }
}

interface Placed {
  id: string
  template: Template
  request: RunRequest
  spec: AgentSpec
  folders: { work: string }
}

/** Where it works: in a worktree of its own, if it is to have one. A folder of its own needs none. */
async function placeOf(
  context: DaemonContext,
  { id, template, request, spec, folders }: Placed,
): Promise<Pick<CheckedRequest, 'spec' | 'notes'>> {
  const wish = request.worktree ?? template.worktree
  if (spec.workspace === 'shared' || (spec.dir === folders.work && !wish)) {
    return { spec, notes: [] }
  }
  if (spec.dir === folders.work) {
    throw new DroverError('invalid_worktree', 'worktree: needs a folder of a repository.', {
      details: { field: 'worktree' },
    })
  }
  const slug = `${request.name ?? template.name}-${id.slice(-8)}`
  const branch = wish?.branch ?? null
  const { worktree, dir, notes } = await planWorktree(context, { dir: spec.dir, slug, branch })
  return { spec: { ...spec, dir, worktree }, notes }
}
