import { constants } from 'node:fs'
import { copyFile, rename, rm, stat } from 'node:fs/promises'
import type { FoundSession, Provider, SessionRequest } from '../providers/contract.ts'
import type { ResumeWish } from '../schema/agent-options.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { AgentRow, RunRow } from '../store/index.ts'
import { agentFolders, getProvider, providerContext, type DaemonContext } from './context.ts'
import { makeRoom } from './write-launch-files.ts'

/** For whom a session is looked for. */
export interface SessionSeeker {
  id: string
  spec: AgentSpec
}

/**
 * The session that a new agent is to begin with; null: a fresh one. Errors: `unsupported` where its
 * provider can't, `nothing_to_resume` where there is none.
 */
export async function findSession(
  context: DaemonContext,
  seeker: SessionSeeker,
  wish: ResumeWish | undefined,
): Promise<string | null> {
  if (!wish || wish.mode === 'new') {
    return null
  }
  const provider = getProvider(context, seeker.spec.provider)
  const session = wish.session ?? null
  if (!provider.capabilities.resume || (session === null && !provider.findSession)) {
    const what = provider.capabilities.resume ? 'tell which session is the latest' : 'resume'
    throw new DroverError('unsupported', `resume: the ${provider.name} provider can't ${what}.`, {
      details: { field: 'resume' },
    })
  }
  return provider.findSession
    ? (await lookFor(context, provider, { ...seeker, session })).id
    : session
}

/**
 * Before the first turn of such an agent: brings what its program keeps of the session. May be
 * repeated. A session that an earlier run of it had may be nowhere else: then there is nothing to bring.
 */
export async function importSession(
  context: DaemonContext,
  agent: Pick<AgentRow, 'id' | 'turns' | 'last_run_id'>,
  { is_resumed: isResumed, session }: Pick<RunRow, 'is_resumed' | 'session'>,
): Promise<void> {
  const spec = context.specs.get(agent.id)
  const provider = getProvider(context, spec.provider)
  if (isResumed === 0 || agent.turns > 0 || !provider.findSession) {
    return
  }
  const seeker = { id: agent.id, spec, session }
  const found =
    agent.last_run_id === null
      ? await lookFor(context, provider, seeker)
      : await look(context, provider, seeker)
  for (const { from, to } of found?.files ?? []) {
    if (!(await isThere(to))) {
      makeRoom(agentFolders(context, agent.id), to)
      await rm(`${to}.new`, { force: true })
      await copyFile(from, `${to}.new`, constants.COPYFILE_EXCL)
      await rename(`${to}.new`, to)
    }
  }
}

async function look(
  context: DaemonContext,
  provider: Provider,
  { id, spec, session }: SessionSeeker & Pick<SessionRequest, 'session'>,
): Promise<FoundSession | null> {
  const request = {
    ...providerContext(context, provider.name, spec.env),
    spec,
    stateFolder: agentFolders(context, id).state,
    session,
  }
  return (await provider.findSession?.(request)) ?? null
}

async function lookFor(
  context: DaemonContext,
  provider: Provider,
  seeker: SessionSeeker & Pick<SessionRequest, 'session'>,
): Promise<FoundSession> {
  const found = await look(context, provider, seeker)
  if (!found) {
    const { session, spec } = seeker
    const what = session === null ? `of ${spec.dir}` : JSON.stringify(session)
    throw new DroverError(
      'nothing_to_resume',
      `resume: ${provider.title} has no session ${what}${session === null ? '' : ' here'}.`,
      { details: { field: 'resume', session } },
    )
  }
  return found
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  )
}
