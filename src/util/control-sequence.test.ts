import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostileText } from '../../test/support/hostile-text.ts'
import { controlCharacter, readSequence } from './control-sequence.ts'

const escape = '\u001b'

test.for<[string, Partial<ReturnType<typeof readSequence>>]>([
  [`${escape}[1;31mx`, { kind: 'csi', final: 'm', parameters: '1;31', end: 7 }],
  ['\u009b2Kx', { kind: 'csi', final: 'K', parameters: '2', end: 3 }],
  [`${escape}[?25 hx`, { kind: 'csi', final: 'h', parameters: '?25 ', end: 7 }],
  [`${escape}[12\nx`, { kind: 'csi', final: '', end: 4, isOpen: false }],
  [`${escape}[12`, { kind: 'csi', final: '', end: 4, isOpen: true }],
  [`${escape}(Bx`, { kind: 'escape', final: 'B', parameters: '(', end: 3 }],
  [`${escape}${escape}[m`, { kind: 'escape', final: '', end: 1, isOpen: false }],
  [escape, { kind: 'escape', final: '', end: 1, isOpen: true }],
  [`${escape}]0;title\u0007x`, { kind: 'string', end: 10, isOpen: false }],
  [`${escape}]0;title${escape}\\x`, { kind: 'string', end: 11, isOpen: false }],
  [`${escape}Pq#0\u009cx`, { kind: 'string', end: 6, isOpen: false }],
  ['\u009d0;title\u009cx', { kind: 'string', end: 9, isOpen: false }],
  [`${escape}_Ga=T`, { kind: 'string', end: 6, isOpen: true }],
  [`${escape}]0;title${escape}`, { kind: 'string', end: 10, isOpen: true }],
  [`${escape}]0;title${escape}[m`, { kind: 'string', end: 9, isOpen: false }],
  [`${escape}]0;title\u0018x`, { kind: 'string', end: 9, isOpen: false }],
  ['\u0007x', { kind: 'character', final: '\u0007', end: 1 }],
])('%j is read as far as it goes', ([text, sequence]) => {
  expect(readSequence(text, 0)).toMatchObject(sequence)
})

test('sequences and what is between them are the text, each character of it once', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      let plain = ''
      for (let at = 0; at < text.length;) {
        if (!controlCharacter.test(text.charAt(at))) {
          plain += text.charAt(at++)
          continue
        }
        const { end } = readSequence(text, at)
        expect(end).toBeGreaterThan(at)
        expect(end).toBeLessThanOrEqual(text.length)
        at = end
      }
      expect(plain).not.toMatch(controlCharacter)
    }),
  )
})

test('only what touches the end of the text is open, and what is whole is the same with more behind it', () => {
  fc.assert(
    fc.property(hostileText, hostileText, (text, more) => {
      const start = text.search(controlCharacter)
      fc.pre(start !== -1)
      const sequence = readSequence(text, start)
      if (sequence.isOpen) {
        expect(sequence.end).toBe(text.length)
      } else {
        expect(readSequence(text + more, start)).toEqual(sequence)
      }
    }),
  )
})
