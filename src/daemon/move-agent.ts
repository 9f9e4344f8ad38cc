import type { AgentSpec } from '../schema/agent.ts'
import { ApprovalPolicy } from '../schema/approval.ts'
import { DroverError } from '../schema/error.ts'
import type { AgentRow } from '../store/index.ts'
import { checkRest } from './check-rest.ts'
import { checkLaunch } from './check-launch.ts'
import { agentFolders, capabilitiesOf, getRuntime, type DaemonContext } from './context.ts'
import type { Records } from './records.ts'
import { resolveContainer } from './resolve-container.ts'
import { resolveVisible } from './resolve-mounts.ts'

/**
 * Whether an agent could run in a runtime, as is looked at for a new one. Changes nothing. Errors:
 * `runtime_not_found`, `runtime_unavailable`, `agent_awake`, and those of `checkLaunch`.
 */
export async function checkMove(
  context: DaemonContext,
  agent: AgentRow,
  runtime: string,
): Promise<void> {
  const before = context.specs.get(agent.id)
  getRuntime(context, runtime)
  if (before.runtime === runtime) {
    return
  }
  checkAsleep(agent, before, runtime)
  const spec = moved(context, before, runtime)
  checkApprovals(context, before, spec)
  checkRest(context, spec)
  if (spec.container?.name === undefined && getRuntime(context, runtime).capabilities.elsewhere) {
    checkVisible(context, agent.id, spec)
  }
  const session = agent.is_new === 1 ? null : agent.session
  await checkLaunch(context, { agent: { id: agent.id, name: agent.name }, spec, session })
}

/**
 * From now on it runs there. Part of a transaction; whoever opened it deletes the agent's cached
 * spec where it fails. Errors: `agent_awake`.
 */
export function moveAgent(records: Records, agentId: string, runtime: string): void {
  const { store, specs } = records.context
  const agent = store.agents.get(agentId)
  const spec = specs.get(agentId)
  if (!agent || spec.runtime === runtime) {
    return
  }
  checkAsleep(agent, spec, runtime)
  store.agents.setSpec(agentId, JSON.stringify(moved(records.context, spec, runtime)))
  specs.delete(agentId)
  records.event(agentId, 'agent.moved', { runtime, before: spec.runtime })
}

/** Where programs are in containers, one that had none gets the usual one; elsewhere it is kept for the way back. */
function moved(context: DaemonContext, spec: AgentSpec, name: string): AgentSpec {
  const runtime = getRuntime(context, name)
  const container = spec.container ?? resolveContainer(context, runtime, {}).container
  return { ...spec, runtime: name, ...(container ? { container } : {}) }
}

/** A folder that was fine on the machine itself may show too much inside. Errors: `invalid_mount`. */
function checkVisible(context: DaemonContext, agentId: string, spec: AgentSpec): void {
  const isOwn = spec.worktree !== undefined || spec.dir === agentFolders(context, agentId).work
  const given = isOwn ? spec.addDirs : [spec.dir, ...spec.addDirs]
  given.forEach((dir) => resolveVisible('dir', dir, context.home.folder))
}

/** What runs stays where it is. */
function checkAsleep(agent: AgentRow, spec: AgentSpec, runtime: string): void {
  if (agent.run_id !== null) {
    throw new DroverError(
      'agent_awake',
      `runtime: ${agent.name} runs in ${spec.runtime}; it can wake in ${runtime} once it sleeps.`,
      { details: { field: 'runtime', agent: agent.name } },
    )
  }
}

/** A policy that was asked for must not come to nothing. Errors: `unsupported`. */
function checkApprovals(context: DaemonContext, before: AgentSpec, spec: AgentSpec): void {
  const isDefault = JSON.stringify(spec.approvals) === JSON.stringify(ApprovalPolicy.parse({}))
  const hasPolicy = spec.policy !== undefined || !isDefault
  if (
    hasPolicy &&
    capabilitiesOf(context, before).approvals &&
    !capabilitiesOf(context, spec).approvals
  ) {
    throw new DroverError(
      'unsupported',
      `approvals: in ${spec.runtime} the ${spec.provider} provider never asks for approval.`,
      { details: { field: 'approvals' } },
    )
  }
}
