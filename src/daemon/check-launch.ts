import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { joinPrompt } from '../core/system-prompt.ts'
import type { LoginRequest, Provider } from '../providers/contract.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import { checkLimits } from './check-limits.ts'
import { checkNetwork, checkWalls } from './check-network.ts'
import { checkForeign, specInPlace } from './inside-box.ts'
import { checkUsable } from './check-usable.ts'
import {
  agentFolders,
  askDeadlineMs,
  callSignal,
  getProvider,
  getRuntime,
  launchContext,
  speechOf,
  willHaveTerminal,
  type DaemonContext,
} from './context.ts'
import { readPromptLayers } from './system-prompt.ts'

/** What would run. */
export interface CheckedLaunch {
  agent: { id: string; name: string }
  spec: AgentSpec
  /** The one that it would go on with; null: a fresh one. */
  session: string | null
}

/**
 * What would keep a program from starting where it is to run, as far as it can be known before;
 * nothing is made. Errors: `runtime_unavailable`, `program_not_found`, `not_logged_in`, `invalid_prompt`, `unsupported`.
 */
export async function checkLaunch(
  context: DaemonContext,
  { agent, spec, session }: CheckedLaunch,
): Promise<void> {
  checkNetwork(context, spec)
  await checkUsable(context, getRuntime(context, spec.runtime))
  await checkWalls(context, spec)
  // A worktree may not be made yet; what is to be in it is where it comes from.
  const dir = spec.worktree?.source ?? spec.dir
  const folders = agentFolders(context, agent.id)
  const layers = await readPromptLayers(context, { agent, spec, folder: dir })
  const provider = getProvider(context, spec.provider)
  const base = launchContext(context, spec, agent.id)
  checkForeign(spec)
  const signal = callSignal(context, askDeadlineMs)
  const inPlace = await specInPlace(context, { agentId: agent.id, spec: { ...spec, dir } }, signal)
  const speech = speechOf(context, {
    provider: spec.provider,
    is_terminal: willHaveTerminal(context, spec) ? 1 : 0,
  })
  const launch = await speech.launch({
    ...base,
    agent,
    spec: inPlace,
    resume: session,
    newSession: randomUUID(),
    isFork: false,
    systemPrompt: joinPrompt(layers),
    stateFolder: folders.state,
    runFolder: path.join(context.home.runsFolder, agent.id),
  })
  checkLogin(provider, { ...base, options: spec.options, stateFolder: folders.state })
  await checkLimits(context, spec, launch)
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
