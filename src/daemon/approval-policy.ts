import type { AgentSpec } from '../schema/agent.ts'
import type { ApprovalWish } from '../schema/approval.ts'
import type { Config } from '../schema/config.ts'
import { DroverError } from '../schema/error.ts'
import { capabilitiesOf, type DaemonContext } from './context.ts'

/** What is said of an agent's approvals, the strongest last. */
export interface PolicyLayers {
  /** Name of a policy in config. */
  policy: string | undefined
  template: ApprovalWish
  request: ApprovalWish
}

/**
 * How an agent's questions are answered: what the caller says goes first, rule by rule, then the
 * template, then the policy of config that either names. Errors: `invalid_request` for a policy that
 * is not there.
 */
export function mergeApprovals(
  { policies }: Pick<Config, 'policies'>,
  { policy: name, template, request }: PolicyLayers,
): ApprovalWish {
  // A word of JavaScript's own is no policy.
  const found = name !== undefined && Object.hasOwn(policies, name) ? policies[name] : undefined
  const named = name === undefined ? {} : found
  if (!named) {
    const known = Object.keys(policies).join(', ')
    throw new DroverError(
      'invalid_request',
      `policy: config.yaml has no policy ${JSON.stringify(name)}${known === '' ? '' : `; it has: ${known}`}.`,
      { details: { field: 'policy' } },
    )
  }
  const rules = [request, template, named].flatMap((each) => each.rules ?? [])
  return { ...named, ...template, ...request, rules }
}

/** A program that asks nobody can't be told what to do without asking. Errors: `unsupported`. */
export function checkApprovals(
  context: Pick<DaemonContext, 'providers' | 'runtimes'>,
  spec: Pick<AgentSpec, 'provider' | 'runtime' | 'options'>,
  { policy, template, request }: PolicyLayers,
): void {
  const [wish] = [template, request].flatMap((each) => Object.keys(each))
  const field = wish === undefined ? undefined : `approvals.${wish}`
  const refused = policy === undefined ? field : 'policy'
  const { approvals } = capabilitiesOf(context, spec)
  if (refused !== undefined && !approvals) {
    throw new DroverError(
      'unsupported',
      `${refused}: the ${spec.provider} provider never asks for approval.`,
      { details: { field: refused } },
    )
  }
}
