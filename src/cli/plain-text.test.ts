import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hostileText } from '../../test/support/hostile-text.ts'
import { allText, createPlainTextStream, oneLine, plainText } from './plain-text.ts'

/** What undoes nothing that was printed before. */
const part = fc.constantFrom(
  'word',
  '\n',
  '\r\n',
  '\t',
  ' ',
  'ä',
  '\u001B[31m',
  '\u001B[K',
  '\u001B]0;title\u0007',
  '\u001B]8;;http://x\u001B\\',
  '\u001B(B',
  '\u001B7',
  '\u0007',
  '\u009B1m',
  '\u009D0;title\u009C',
)

const inPieces = (pieces: readonly string[]): string => {
  const clean = createPlainTextStream()
  return pieces.map((piece) => clean(piece)).join('')
}

describe('a stream of plain text', () => {
  it('cleans text in pieces as it cleans it whole', () => {
    fc.assert(
      fc.property(fc.array(part), fc.nat(), (parts, place) => {
        const text = `${parts.join('')}end`
        const at = place % text.length
        expect(inPieces([text.slice(0, at), text.slice(at)])).toBe(plainText(text))
        expect(inPieces(text.split(''))).toBe(plainText(text))
      }),
    )
  })

  it('lets no control character out, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(hostileText), (pieces) => {
        expect(inPieces(pieces)).toMatch(/^[^\u0000-\u0008\u000B-\u001F\u007F-\u009F]*$/)
      }),
    )
  })

  it('begins a new line where something printed before would be overwritten', () => {
    expect(inPieces(['10 %', '\r20 %', '\r', '30 %\r', '\n', 'done'])).toBe(
      '10 %\n20 %\n30 %\ndone',
    )
    expect(inPieces(['begun\n', '10 %\r20 %\r\n', 'end'])).toBe('begun\n20 %\nend')
  })

  it('waits for the end of a sequence, but not for ever', () => {
    expect(inPieces(['a\u001B]0;', 'title', '\u001B', '\\b'])).toBe('ab')
    const rest = 'x'.repeat(10_000)
    expect(inPieces(['a\u001B]0;', rest, 'b'])).toMatch(/^ax*b$/)
  })
})

describe('all text, for what somebody decides by', () => {
  it.for([
    ['git status \u001B[8m&& rm -rf ~\u001B[m', 'git status && rm -rf ~'],
    ['rm -rf ~\rgit status', 'rm -rf ~\ngit status'],
    ['rm -rf ~\u001B[2K\u001B[Ggit status', 'rm -rf ~git status'],
    ['rm\b\bls', 'rmls'],
    ['ls\u001B]0; && rm -rf ~\u0007', 'ls0; && rm -rf ~'],
    ['ls\u009D && rm -rf ~\u001B\\', 'ls && rm -rf ~'],
    ['one\r\ntwo\r\r\n', 'one\ntwo\n'],
  ] as const)('%j hides nothing', ([text, shown]) => {
    expect(allText(text)).toBe(shown)
  })

  it('has no control character but newline and tab, and is itself where there was none', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const shown = allText(text)
        expect(shown).toMatch(/^[^\u0000-\u0008\u000B-\u001F\u007F-\u009F]*$/)
        expect(allText(shown)).toBe(shown)
      }),
    )
  })

  it('has one space at a time on one line', () => {
    expect(oneLine(' a\tb\r\n\u001B[1mc\u001B[0m  d ')).toBe('a b c d')
  })
})
