import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPlainTextStream, plainText } from './plain-text.ts'

const part = fc.constantFrom(
  'word',
  '\n',
  '\t',
  ' ',
  'ä',
  '\u001B[31m',
  '\u001B[2K',
  '\u001B]0;title\u0007',
  '\u001B(B',
  '\u001B7',
  '\u0007',
  '\u009B1m',
)

describe('plainText', () => {
  it('takes out sequences and control characters and keeps words and newlines', () => {
    expect(
      plainText('\u001B[1;31mred\u001B[0m\u0007 a\tb\r\nc\u001B]8;;http://x\u001B\\link'),
    ).toBe('red a\tb\nclink')
  })

  it('leaves nothing that a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plainText(text)).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/)
      }),
    )
  })

  it('cleans text in pieces as it cleans it whole', () => {
    fc.assert(
      fc.property(fc.array(part), fc.nat(), (parts, place) => {
        const text = `${parts.join('')}end`
        const at = place % text.length
        const clean = createPlainTextStream()
        expect(clean(text.slice(0, at)) + clean(text.slice(at))).toBe(plainText(text))
      }),
    )
  })
})
