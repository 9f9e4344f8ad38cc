import { realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Provider } from '../providers/contract.ts'
import type { Runtime } from '../runtimes/contract.ts'
import type { Workspace } from '../schema/agent-options.ts'
import { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { RunRequest } from '../schema/requests.ts'
import type { Template } from '../schema/template.ts'
import { checkApprovals, mergeApprovals } from './approval-policy.ts'
import { checkRest } from './check-rest.ts'
import { checkUnsupported } from './check-unsupported.ts'
import { getProvider, getRuntime, type DaemonContext } from './context.ts'
import { resolveContainer } from './resolve-container.ts'
import { fieldPath } from './load-config.ts'
import { resolveVisible } from './resolve-mounts.ts'

/**
 * The spec of a new agent: the template, with what the request says over it. Everything that could
 * fail later and can be known now is an error now, naming the field; nothing is made.
 */
export function resolveSpec(
  context: DaemonContext,
  template: Template,
  request: RunRequest,
  ownFolder: string,
): AgentSpec {
  const provider = getProvider(context, template.provider)
  const runtime = runtimeOf(context, template, request)
  const boxed = resolveContainer(context, runtime, {
    ...(template.container ? { template: template.container } : {}),
    ...(request.container ? { request: request.container } : {}),
  })
  // What a container that is there already shows is not for us to say.
  const isShown = runtime.capabilities.elsewhere && boxed.container?.name === undefined
  const checkDir = (field: string, dir: string): string => {
    const real = checkFolder(field, dir)
    return isShown ? resolveVisible(field, real, context.home.folder) : real
  }
  const wantedDir = request.dir ?? template.dir ?? boxed.dir ?? request.defaultDir
  const layers = {
    policy: request.policy ?? template.policy,
    template: template.approvals,
    request: request.approvals,
  }
  const spec = AgentSpec.parse({
    provider: provider.name,
    runtime: runtime.name,
    dir: wantedDir === undefined ? ownFolder : checkDir('dir', wantedDir),
    model: request.model ?? template.model,
    persona: request.persona ?? template.persona,
    trigger: request.trigger ?? template.trigger,
    env: { ...boxed.env, ...template.env, ...request.env },
    program: request.program.length > 0 ? request.program : template.program,
    options: { ...template.options, ...request.options },
    graceMs: request.graceMs ?? template.graceMs,
    initialPrompt: request.initialPrompt ?? template.initialPrompt,
    lifecycle: { ...template.lifecycle, ...request.lifecycle },
    budget: { ...template.budget, ...request.budget },
    limits: { ...template.limits, ...request.limits },
    network: request.network ?? template.network,
    approvals: mergeApprovals(context.config, layers),
    ...mergeOptions(template, request),
    addDirs: mergeWords(template, request, 'addDirs').map((dir) => checkDir('addDirs', dir)),
    container: boxed.container,
    workspace: workspaceOf(template, request),
  })
  checkAlwaysOn(runtime, spec, request)
  checkRest(context, spec)
  checkApprovals(context, spec, layers)
  checkUnsupported(context, provider, spec)
  return { ...spec, options: checkOptions(provider, spec) }
}

/**
 * A container that is wished for, and no runtime that has one: then `docker` is meant. A container of
 * the request comes before the template's runtime. Errors: `runtime_not_found`.
 */
function runtimeOf(context: DaemonContext, template: Template, request: RunRequest): Runtime {
  if (request.runtime !== undefined) {
    return getRuntime(context, request.runtime)
  }
  const given = getRuntime(context, template.runtime ?? (template.container ? 'docker' : 'process'))
  return request.container && !given.capabilities.elsewhere ? getRuntime(context, 'docker') : given
}

/** Only a supervisor of the machine can keep a program up without a daemon. Errors: `unsupported`, `invalid_request`. */
function checkAlwaysOn(
  { name, units }: Runtime,
  { alwaysOn }: Pick<AgentSpec, 'alwaysOn'>,
  { ephemeral }: RunRequest,
): void {
  if (alwaysOn && !units) {
    throw new DroverError(
      'unsupported',
      `alwaysOn: the ${name} runtime keeps nothing up; systemd and launchd do.`,
      { details: { field: 'alwaysOn' } },
    )
  }
  if (alwaysOn && ephemeral) {
    throw new DroverError('invalid_request', 'alwaysOn: an ephemeral agent lives for one task.', {
      details: { field: 'alwaysOn' },
    })
  }
}

/** The provider's own options. Errors: `invalid_request`, naming the option. */
export function checkOptions(provider: Provider, spec: AgentSpec): Record<string, unknown> {
  const result = provider.options.safeParse(spec.options)
  if (result.success) {
    return result.data as Record<string, unknown>
  }
  const issue = result.error.issues[0]
  const field = ['options', ...(issue ? fieldPath(issue) : [])].join('.')
  const problem =
    issue?.code === 'unrecognized_keys'
      ? `is not an option of the ${provider.name} provider`
      : (issue?.message ?? 'is not valid')
  throw new DroverError('invalid_request', `${field}: ${problem}.`, { details: { field } })
}

/** Those of both, each once. */
function mergeWords(
  template: Template,
  request: RunRequest,
  field: 'tags' | 'capabilities' | 'addDirs',
): string[] {
  return [...new Set([...template[field], ...request[field]])]
}

/** Words are those of both, arguments of the template come first; the rest is the request's, if it says it. */
function mergeOptions(template: Template, request: RunRequest): Partial<AgentSpec> {
  return {
    label: request.label ?? template.label,
    tags: mergeWords(template, request, 'tags'),
    capabilities: mergeWords(template, request, 'capabilities'),
    automationId: request.automationId ?? template.automationId,
    effort: request.effort ?? template.effort,
    profile: request.profile ?? template.profile,
    policy: request.policy ?? template.policy,
    promptAppend: request.promptAppend ?? template.promptAppend,
    args: [...template.args, ...request.args],
    bare: request.bare ?? template.bare ?? false,
    alwaysOn: request.alwaysOn ?? template.alwaysOn ?? false,
  }
}

/** A branch for its worktree says that it is to have one. */
function workspaceOf(template: Template, request: RunRequest): Workspace {
  const { workspace = 'inherit', worktree } = request
  if (workspace === 'shared' && worktree) {
    throw new DroverError('invalid_request', 'worktree: goes with workspace "isolated".', {
      details: { field: 'worktree' },
    })
  }
  if (worktree) {
    return 'isolated'
  }
  return workspace === 'inherit'
    ? (template.workspace ?? (template.worktree ? 'isolated' : 'shared'))
    : workspace
}

/** The real path of an existing folder. Errors: `invalid_dir`. */
function checkFolder(field: string, dir: string): string {
  const refuse = (problem: string): DroverError =>
    new DroverError('invalid_dir', `${field}: ${JSON.stringify(dir.slice(0, 200))} ${problem}.`, {
      details: { field, dir },
    })
  if (!path.isAbsolute(dir) || dir.includes('\0')) {
    throw refuse('is no absolute path')
  }
  const stat = statSync(dir, { throwIfNoEntry: false })
  if (!stat) {
    throw refuse('does not exist')
  }
  if (!stat.isDirectory()) {
    throw refuse('is no folder')
  }
  return realpathSync(dir)
}
