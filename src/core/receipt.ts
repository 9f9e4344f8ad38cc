import { isFinalReceiptState, type ReceiptState } from '../schema/message.ts'

const order: readonly ReceiptState[] = ['stored', 'waking', 'delivered', 'accepted', 'done']

/**
 * Whether a receipt may move so. It only moves forward: along `stored → waking → delivered →
 * accepted → done`, steps may be left out, or from any open state to another final one.
 */
export function canAdvanceReceipt(from: ReceiptState, to: ReceiptState): boolean {
  if (isFinalReceiptState(from)) {
    return false
  }
  const place = order.indexOf(to)
  return place === -1 || place > order.indexOf(from)
}
