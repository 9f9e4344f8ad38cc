import type { AgentSpec } from '../../schema/agent.ts'
import type { Decoder, DecoderState, ProviderEvent, PushContext } from '../contract.ts'
import { appendEvents } from './append-events.ts'
import { parseObject, runnerProtocolVersion } from './protocol.ts'
import { asErrorClass, asNumber, asText } from './read-fields.ts'
import { askQuestion, closeQuestion } from './runner-questions.ts'
import { restoreRunnerState, type RunnerState } from './runner-state.ts'
import { endOpenTurn, joinTurn, readTurnEvent, startTurn, stopTurn } from './runner-turns.ts'

/** Fields of the spec that a program must say it can honour. */
export type RunnerWishes = Pick<AgentSpec, 'model' | 'persona' | 'trigger'>

/** Most that is kept of what a program says it can. */
const mostClaims = 32

/**
 * The reader of the runner protocol, tolerant by design: unknown types are skipped, a wrong or
 * missing id means the turn that is open, lines in no known form become `output`. It never throws.
 * Only a program that does not say it can what its spec asks for is `unusable`.
 */
export function createRunnerDecoder(
  saved: DecoderState | null,
  wishes: RunnerWishes = {},
): Decoder {
  const state = restoreRunnerState(saved)
  return {
    sent({ id, isSteering }) {
      state.waiting.push(id)
      if (isSteering) {
        state.steering.push(id)
      }
      return []
    },
    push(stream: 'out' | 'err', lines, context) {
      const events: ProviderEvent[] = []
      for (const [index, line] of lines.entries()) {
        const isCut = context.isCut && index === lines.length - 1
        appendEvents(events, readLine(state, line, { stream, isCut, now: context.now, wishes }))
      }
      return events
    },
    dueAt: () => null,
    due: () => [],
    // Every turn has an end of its own in this protocol: one that is still open was not answered.
    ended: () => [],
    snapshot: () => structuredClone(state) as unknown as DecoderState,
  }
}

interface LineContext extends PushContext {
  stream: 'out' | 'err'
  wishes: RunnerWishes
}

function readLine(
  state: RunnerState,
  line: string,
  { stream, isCut, now, wishes }: LineContext,
): ProviderEvent[] {
  if (stream === 'err') {
    return [toOutput(stream, line, isCut)]
  }
  const isPiece = state.isInLine || isCut
  state.isInLine = isCut
  const value = isPiece ? null : parseObject(line)
  if (typeof value?.['type'] !== 'string') {
    return line === '' && !isPiece ? [] : [toOutput(stream, line, isCut)]
  }
  return value['type'] === 'ready'
    ? readReady(state, value, wishes)
    : readMessage(state, value, now)
}

/** Lines keep their newline, pieces have none. */
function toOutput(stream: 'out' | 'err', line: string, isCut: boolean): ProviderEvent {
  return { type: 'output', stream, text: isCut ? line : `${line}\n` }
}

function readMessage(
  state: RunnerState,
  value: Record<string, unknown>,
  now: number,
): ProviderEvent[] {
  const id = asText(value['id'])
  switch (value['type']) {
    case 'agent_started':
      return startTurn(state, id, now)
    case 'agent_joined':
      return joinTurn(state, id, now)
    case 'agent_event':
      return readTurnEvent(state, value, now)
    case 'agent_stopped':
      return stopTurn(state, value, now)
    case 'agent_question':
      return askQuestion(state, value)
    case 'agent_question_closed':
      return closeQuestion(state, id)
    case 'agent_error': {
      const message = asText(value['message']) ?? 'The program named no reason.'
      const error: ProviderEvent = { type: 'error', class: asErrorClass(value['class']), message }
      const isOfTurn = id !== null && state.turn?.message === id
      return isOfTurn ? [error, ...endOpenTurn(state, message, now)] : [error]
    }
    default:
      return []
  }
}

function readReady(
  state: RunnerState,
  value: Record<string, unknown>,
  wishes: RunnerWishes,
): ProviderEvent[] {
  const { can } = value
  state.can = Array.isArray(can)
    ? can.filter((claim) => typeof claim === 'string').slice(0, mostClaims)
    : []
  const events: ProviderEvent[] = []
  const protocol = asNumber(value['protocol']) ?? runnerProtocolVersion
  if (protocol > runnerProtocolVersion) {
    const message = `The program speaks runner protocol ${protocol}; this Drover knows ${runnerProtocolVersion}.`
    events.push({ type: 'error', class: 'config', message })
  }
  const missing = (['model', 'persona', 'trigger'] as const).find(
    (field) => wishes[field] !== undefined && !state.can.includes(field),
  )
  if (missing) {
    const message = `${missing}: the program does not say that it can be given one ("can" in its "ready").`
    return [...events, { type: 'unusable', class: 'config', message }]
  }
  // A program that says what it can, and not that it resumes, shows its session to people only.
  const canResume = state.can.includes('resume') || !Array.isArray(can)
  state.session = canResume ? asText(value['session']) || null : null
  if (state.resumes !== null && state.session !== state.resumes) {
    const message = `The program was to go on with session ${state.resumes}, and names ${state.session ?? 'none'}. \`drover new\` begins a fresh one.`
    return [...events, { type: 'unusable', class: 'config', message }]
  }
  if (state.session !== null) {
    events.push({ type: 'session', session: state.session })
  }
  return [...events, { type: 'ready' }]
}
