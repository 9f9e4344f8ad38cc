import type { AgentSpec } from '../schema/agent.ts'
import type { Container } from '../schema/container.ts'
import { DroverError } from '../schema/error.ts'
import { agentFolders, getRuntime, type DaemonContext } from './context.ts'

type PlaceContext = Pick<DaemonContext, 'home' | 'runtimes'>

/**
 * The spec as a program has it where it runs: its folders as that place shows them. A container that is
 * there already may show them under another path; the agent's own folder is made in it. Errors:
 * `invalid_dir`, `container_not_found`, `start_failed`, `engine_unreachable`.
 */
export async function specInPlace(
  context: PlaceContext,
  { agentId, spec }: { agentId: string; spec: AgentSpec },
  signal: AbortSignal,
): Promise<AgentSpec> {
  const { container } = spec
  if (container?.name === undefined) {
    return container?.workdir === undefined ? spec : { ...spec, dir: container.workdir }
  }
  const runtime = getRuntime(context, spec.runtime)
  const isOwn = spec.dir === agentFolders(context, agentId).work
  const isGiven = isOwn || container.workdir !== undefined
  const wanted = [...(isGiven ? [] : [spec.dir]), ...spec.addDirs]
  const seen = (await runtime.locate?.({ container }, wanted, signal)) ?? wanted
  const dir = container.workdir ?? (isOwn ? spec.dir : (seen[0] ?? spec.dir))
  return { ...spec, dir, addDirs: seen.slice(isGiven ? 0 : 1) }
}

/** What only a container of the agent's own can be made with, and its default. */
const ownOnly = {
  mounts: (each: Container) => each.mounts.length > 0,
  readOnly: (each: Container) => each.readOnly,
  tmpfs: (each: Container) => each.tmpfs.length > 0,
  capAdd: (each: Container) => each.capAdd.length > 0,
  newPrivileges: (each: Container) => each.newPrivileges,
  engineSocket: (each: Container) => each.engineSocket,
} as const

/** A container that is there already is what it is: what would change it is an error, never silence. Errors: `unsupported`. */
export function checkForeign({
  container,
  network,
  lifecycle,
  worktree,
}: Pick<AgentSpec, 'container' | 'network' | 'lifecycle' | 'worktree'>): void {
  if (!container) {
    return
  }
  const { name } = container
  if (name === undefined) {
    if (container.workdir !== undefined && worktree) {
      throw unsupported(
        'container.workdir',
        'a worktree is seen where it is, or git would not find it',
      )
    }
    return
  }
  for (const [field, isGiven] of Object.entries(ownOnly)) {
    if (isGiven(container)) {
      throw unsupported(`container.${field}`, `can't be had in ${name}, which is there already`)
    }
  }
  if (lifecycle.rest === 'suspend') {
    throw unsupported('lifecycle.rest', `can't be suspend in ${name}, where others are`)
  }
  if (network !== 'full') {
    throw unsupported('network', `can't be bounded in ${name}, which is there already`)
  }
}

function unsupported(field: string, problem: string): DroverError {
  return new DroverError('unsupported', `${field}: ${problem}.`, { details: { field } })
}
