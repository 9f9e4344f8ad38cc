import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isFinalReceiptState, ReceiptState } from '../schema/message.ts'
import { canAdvanceReceipt } from './receipt.ts'

const state = fc.constantFrom(...ReceiptState.options)

test.for(['done', 'failed', 'refused', 'dead'] as const)(
  'a receipt that is %s stays so',
  (from) => {
    expect(ReceiptState.options.filter((to) => canAdvanceReceipt(from, to))).toEqual([])
  },
)

test.for([
  ['stored', ['waking', 'delivered', 'accepted', 'done', 'failed', 'refused', 'dead']],
  ['waking', ['delivered', 'accepted', 'done', 'failed', 'refused', 'dead']],
  ['delivered', ['accepted', 'done', 'failed', 'refused', 'dead']],
  ['accepted', ['done', 'failed', 'refused', 'dead']],
] as const)('a receipt that is %s may go forward, and nowhere else', ([from, to]) => {
  expect(ReceiptState.options.filter((next) => canAdvanceReceipt(from, next))).toEqual(to)
})

test('a receipt comes to an end: no way leads back', () => {
  fc.assert(
    fc.property(fc.array(state), (wanted) => {
      const seen: ReceiptState[] = ['stored']
      for (const to of wanted) {
        if (canAdvanceReceipt(seen.at(-1) ?? 'stored', to)) {
          seen.push(to)
        }
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.slice(0, -1).some((each) => isFinalReceiptState(each))).toBe(false)
    }),
  )
})
