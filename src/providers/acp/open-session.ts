import type { InitializeRequest, NewSessionRequest } from '@agentclientprotocol/sdk'
import { classifyError } from '../classify-error.ts'
import type { ErrorClass, ProviderEvent } from '../contract.ts'
import type { Dialect } from './dialect.ts'
import { reasonOf } from './read-failure.ts'
import { tellSession } from './read-update.ts'
import { findModelSwitch, listSetups, missingChoice, setupPrefix } from './session-settings.ts'
import type { AcpState, Offers, SessionPlan } from './state.ts'
import {
  draftMethods,
  isObject,
  methods,
  objectOf,
  protocolVersion,
  requestLine,
  textOf,
  type JsonObject,
  type RpcError,
  type RpcId,
} from './wire.ts'

/** Ids of our own requests begin so; an id of a message can't hold a slash. */
const ownIds = 'drover/'
const greetingId = `${ownIds}greeting `
const loginId = `${ownIds}login`
const openingId = `${ownIds}opening`
export const reloadId = `${ownIds}reload`

/** ACP: the session can't be opened before a login. */
const authRequired = -32_000

/**
 * First line of a run's input. Its id says what session is wanted: a program gives an id back with
 * its answer, so the decoder learns the plan from the output that it reads, now and when it is read
 * again, and nobody has to keep it.
 */
export function greetingLine(plan: SessionPlan): string {
  const params: InitializeRequest = {
    protocolVersion,
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
  }
  return requestLine(`${greetingId}${JSON.stringify(plan)}`, methods.initialize, params)
}

/** An answer to one of our own requests; null: it is none. */
export function takeOpeningAnswer(
  state: AcpState,
  dialect: Dialect,
  { id, result, error, now }: { id: RpcId; result: unknown; error: RpcError | null; now: number },
): ProviderEvent[] | null {
  if (typeof id !== 'string' || !id.startsWith(ownIds)) {
    return null
  }
  const refuse = (what: string): ProviderEvent[] => fail(state, dialect, { what, error, now })
  const body = objectOf(result)
  if (id.startsWith(greetingId) && state.phase === 'greeting') {
    state.plan = readPlan(id.slice(greetingId.length))
    return error ? refuse('did not take the greeting') : takeGreeting(state, dialect, body)
  }
  if (id === loginId && state.phase === 'authenticating') {
    return error ? refuse('could not be logged in') : openSession(state, dialect)
  }
  if (id === openingId && state.phase === 'opening') {
    return error
      ? refuse(
          state.plan.resume === null
            ? 'began no session'
            : `did not go on with session ${state.plan.resume}`,
        )
      : takeSession(state, dialect, { result: body, now })
  }
  if (id.startsWith(setupPrefix) && state.setups.includes(id)) {
    state.setups = state.setups.filter((each) => each !== id)
    return error
      ? refuse(`did not take ${id.slice(setupPrefix.length)}`)
      : becomeReady(state, dialect, now)
  }
  return error && id === reloadId
    ? [{ type: 'error', class: 'config', message: `${dialect.title}: ${reasonOf(error)}` }]
    : []
}

function readPlan(text: string): SessionPlan {
  try {
    const plan = objectOf(JSON.parse(text))
    return {
      resume: textOf(plan['resume']),
      isFork: plan['isFork'] === true,
      systemPrompt: textOf(plan['systemPrompt']),
    }
  } catch {
    return { resume: null, isFork: false, systemPrompt: null }
  }
}

function takeGreeting(state: AcpState, dialect: Dialect, result: JsonObject): ProviderEvent[] {
  const version = result['protocolVersion']
  if (version !== protocolVersion) {
    const message = `${dialect.title} speaks version ${JSON.stringify(version)} of the Agent Client Protocol, not ${protocolVersion}.`
    return refuseAs(state, 'config', message)
  }
  state.offers = readOffers(objectOf(result['agentCapabilities']))
  if (dialect.authMethod === null) {
    return openSession(state, dialect)
  }
  state.phase = 'authenticating'
  return [tell(requestLine(loginId, methods.authenticate, { methodId: dialect.authMethod }))]
}

function readOffers(capabilities: JsonObject): Offers {
  const session = objectOf(capabilities['sessionCapabilities'])
  return {
    load: capabilities['loadSession'] === true,
    resume: isObject(session['resume']),
    fork: isObject(session['fork']),
    systemPrompt: isObject(session['systemPrompt']),
    addDirs: isObject(session['additionalDirectories']),
  }
}

/** Resuming says nothing of the past again, so it is preferred to loading. */
function openSession(state: AcpState, dialect: Dialect): ProviderEvent[] {
  const { plan, offers } = state
  if (dialect.addDirs.length > 0 && !offers.addDirs) {
    const message = `addDirs: ${dialect.title} does not take more folders over ACP.`
    return refuseAs(state, 'config', message)
  }
  const method = methodFor(plan, offers)
  if (method === null) {
    const what = plan.isFork ? 'copy' : 'go on with'
    return refuseAs(state, 'config', `${dialect.title} can't ${what} a session over ACP.`)
  }
  state.phase = 'opening'
  const common: NewSessionRequest = {
    cwd: dialect.dir,
    mcpServers: [],
    ...(dialect.addDirs.length > 0 ? { additionalDirectories: [...dialect.addDirs] } : {}),
  }
  const prompt = plan.systemPrompt === null ? null : systemPrompt(plan.systemPrompt)
  const params = {
    ...common,
    ...(plan.resume === null ? {} : { sessionId: plan.resume }),
    ...(prompt && offers.systemPrompt ? { systemPrompt: prompt } : {}),
  }
  return [tell(requestLine(openingId, method, params))]
}

/** Not in the stable protocol yet; only a program that offers it is given it. */
function systemPrompt(text: string): JsonObject {
  return { mode: 'append', content: [{ type: 'text', text }] }
}

function methodFor({ resume, isFork }: SessionPlan, offers: Offers): string | null {
  if (resume === null) {
    return methods.newSession
  }
  if (isFork) {
    return offers.fork ? draftMethods.forkSession : null
  }
  if (offers.resume) {
    return methods.resumeSession
  }
  return offers.load ? methods.loadSession : null
}

function takeSession(
  state: AcpState,
  dialect: Dialect,
  { result, now }: { result: JsonObject; now: number },
): ProviderEvent[] {
  const { plan, offers } = state
  const session = textOf(result['sessionId']) ?? (plan.isFork ? null : plan.resume)
  if (session === null) {
    return refuseAs(state, 'config', `${dialect.title} began a session and gave it no id.`)
  }
  const isFresh = plan.resume === null
  state.session = session
  state.seed = isFresh && !offers.systemPrompt ? plan.systemPrompt : null
  state.plan = { ...plan, systemPrompt: null }
  state.isFresh = isFresh
  state.modelSwitch = findModelSwitch(result)
  const missing = missingChoice(result, dialect)
  if (missing !== null) {
    return refuseAs(state, 'config', missing)
  }
  const setups = listSetups(session, dialect, result)
  state.setups = setups.map(({ id }) => id)
  const isReplaying = !isFresh && !plan.isFork && !offers.resume && dialect.replayQuietMs > 0
  state.phase = 'settling'
  state.quietSince = isReplaying ? now : 0
  return [
    ...(isFresh ? [] : tellSession(state)),
    ...setups.map(({ id, method, params }) => tell(requestLine(id, method, params))),
    ...becomeReady(state, dialect, now),
  ]
}

/** When the telling again of the past is over; null: it is not being told. */
export function replayDueAt(state: AcpState, dialect: Dialect, now: number): number | null {
  return state.phase === 'settling' && state.quietSince > 0 && state.setups.length === 0
    ? Math.min(state.quietSince, now) + dialect.replayQuietMs
    : null
}

/** Ready once all that was asked for is answered, and the past is told. */
export function becomeReady(state: AcpState, dialect: Dialect, now: number): ProviderEvent[] {
  const dueAt = replayDueAt(state, dialect, now)
  if (state.phase !== 'settling' || state.setups.length > 0 || (dueAt !== null && dueAt > now)) {
    return []
  }
  state.phase = 'ready'
  return [{ type: 'ready' }]
}

function fail(
  state: AcpState,
  { title }: Dialect,
  { what, error, now }: { what: string; error: RpcError | null; now: number },
): ProviderEvent[] {
  const reason = error ? reasonOf(error) : ''
  const found = classifyError({ text: reason }, now).class
  const isAuth = error?.code === authRequired || found === 'auth'
  // Whatever else it is, asking the same again would be answered the same.
  const group = isAuth ? 'auth' : found === 'unknown' ? 'config' : found
  return refuseAs(state, group, `${title} ${what}: ${reason}`)
}

function refuseAs(state: AcpState, group: ErrorClass, message: string): ProviderEvent[] {
  state.phase = 'unusable'
  return [{ type: 'unusable', class: group, message }]
}

function tell(text: string): ProviderEvent {
  return { type: 'input', text }
}
