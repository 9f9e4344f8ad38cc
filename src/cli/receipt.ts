import { DroverError } from '../schema/error.ts'
import type { Message } from '../schema/message.ts'
import { reportFailure } from './failure.ts'
import type { Invocation } from './invocation.ts'
import { formatWait, isWaiting } from './format-wait.ts'
import { plainText } from './plain-text.ts'

/** Sets the exit code for how a message ended, and says it to people. */
export function reportReceipt(
  invocation: Invocation,
  message: Message,
  options: ReceiptOptions,
): void {
  const { context, output } = invocation
  const { state, cause } = message
  if (state === 'done') {
    return
  }
  if (state === 'failed' || state === 'dead' || state === 'refused') {
    invocation.exitCode = state === 'refused' ? 4 : 1
    if (!options.isJson) {
      output.note(`drover: the message is ${state}${cause ? `: ${plainText(cause)}` : ''}`)
    }
  } else if (options.timeoutSeconds !== null) {
    const wait = isWaiting(message) ? `: ${formatWait(message, Date.now())}` : ''
    const error = new DroverError(
      'timeout',
      `Message ${message.id} is still ${state} after ${options.timeoutSeconds} s${wait}.`,
      { details: { id: message.id, state } },
    )
    invocation.exitCode = reportFailure(error, context, options.isJson)
  }
}

export interface ReceiptOptions {
  isJson: boolean
  /** How long was waited; null when nobody waited. */
  timeoutSeconds: number | null
}
