import type { DecoderState, OutgoingMessage } from '../providers/contract.ts'
import type { MessageRow, RunRow, Store } from '../store/index.ts'
import { speechOf, type DaemonContext } from './context.ts'

/** Tells a run's program something that is no message; part of the transaction under way. Its bytes follow. */
export function tellRun(store: Store, runId: string, text: string): void {
  putInput(store, { runId, text, approvalId: null })
}

/** The same for the answer to a question. */
export function putInput(
  store: Store,
  input: { runId: string; text: string; approvalId: string | null },
): void {
  const offset = store.runs.reserveInput(input.runId, Buffer.byteLength(input.text))
  store.inputs.insert({ ...input, offset })
}

/** Decides where in a run's input a message goes; part of the transaction under way. Its bytes follow. */
export function giveMessage(
  context: Pick<DaemonContext, 'store' | 'providers' | 'now'>,
  runId: string,
  message: OutgoingMessage,
): void {
  const { store } = context
  const run = store.runs.get(runId)
  if (!run) {
    return
  }
  const speech = speechOf(context, run)
  const { capabilities } = speech
  const isSteering = message.isSteering === true && run.turn !== 'idle'
  const input = speech.encode({ ...message, isSteering }, stateOf(run))
  const offset = store.runs.reserveInput(run.id, Buffer.byteLength(input))
  store.messages.assign(message.id, run.id, {
    offset,
    input: capabilities.handshake || isSteering ? input : null,
    entry: isSteering ? 'steered' : 'turn',
  })
  if (capabilities.turns) {
    store.runs.setTurn(run.id, 'working', context.now())
  }
}

/** The bytes of a message that was given to a run: as they were stored, or made again. */
export function messageBytes(
  context: Pick<DaemonContext, 'providers'>,
  run: Pick<RunRow, 'provider' | 'is_terminal'>,
  row: MessageRow,
): Buffer {
  return Buffer.from(row.input ?? speechOf(context, run).encode(toOutgoing(row), null))
}

export function toOutgoing({ id, sender, body, entry }: MessageRow): OutgoingMessage {
  return { id, from: sender, body, ...(entry === 'steered' ? { isSteering: true } : {}) }
}

/** What the decoder of a run remembers, as it was committed last. */
export function stateOf({ decoder }: Pick<RunRow, 'decoder'>): DecoderState | null {
  return decoder === null ? null : (JSON.parse(decoder) as DecoderState)
}
