import type { Answer, AskedQuestion, DecoderState, OutgoingMessage, Reload } from '../contract.ts'
import { encodeRunnerLine, isRecord, type RunnerInput } from './protocol.ts'
import { asText } from './read-fields.ts'
import { restoreRunnerState } from './runner-state.ts'

/** A message as a line. Whether a program can be steered or not, the line is the same: one that can't queues it. */
export function encodeRunnerMessage({ id, from, body, isSteering }: OutgoingMessage): string {
  const query = { type: 'query', id, text: body, from } as const
  return encodeRunnerLine(isSteering ? { ...query, steer: true } : query)
}

export function answerRunner({ id, reply }: AskedQuestion, answer: Answer): string {
  const own = isRecord(reply) ? asText(reply['id']) : null
  const { isAllowed, isForSession, message } = answer
  return encodeRunnerLine({
    type: 'answer',
    id: own ?? id,
    allow: isAllowed,
    for_session: isForSession,
    message,
  })
}

/** Names the turn it is meant for, so that it can't end the next one. Null: nothing to end, or the program can't. */
export function interruptRunner(saved: DecoderState | null): string | null {
  const { can, turn, waiting } = restoreRunnerState(saved)
  const [first] = waiting
  if (!can.includes('interrupt') || (!turn && first === undefined)) {
    return null
  }
  const id = turn ? turn.message : first
  return encodeRunnerLine({ type: 'interrupt', ...(typeof id === 'string' ? { id } : {}) })
}

type OrderedField = Exclude<keyof Reload, 'options'>

const orders: { [Field in OrderedField]-?: (value: string) => RunnerInput } = {
  model: (model) => ({ type: 'set_model', model }),
  persona: (persona) => ({ type: 'set_persona', persona }),
  trigger: (trigger) => ({ type: 'set_trigger', trigger }),
}

/** All of a change or nothing of it: null where the program did not say that it can all of it. */
export function reloadRunner(change: Reload, saved: DecoderState | null): string | null {
  const { can } = restoreRunnerState(saved)
  const fields = (Object.keys(orders) as OrderedField[]).filter(
    (field) => change[field] !== undefined,
  )
  return fields.length > 0 && !change.options && fields.every((field) => can.includes(field))
    ? fields.map((field) => encodeRunnerLine(orders[field](change[field] ?? ''))).join('')
    : null
}
