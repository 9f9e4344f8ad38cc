import { describe, expect, it } from 'vitest'
import { limits } from '../schema/limits.ts'
import { checkText, decodeText } from './read-text.ts'

describe('decodeText', () => {
  it('takes UTF-8, and one newline at the end does not count', () => {
    expect(decodeText(Buffer.from('grüße\n\n'), 'standard input')).toBe('grüße\n')
  })

  it.each([[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98]])(
    'names what is not UTF-8: %j %j',
    (...bytes) => {
      expect(() => decodeText(Buffer.from(bytes), 'standard input')).toThrow(
        expect.objectContaining({
          code: 'invalid_message',
          message: 'Standard input is not valid UTF-8.',
        }),
      )
    },
  )
})

describe('checkText', () => {
  it.each([
    ['', 'invalid_message', 'empty'],
    ['a\0b', 'invalid_message', 'NUL'],
    ['\uD800', 'invalid_message', 'surrogate'],
    ['a'.repeat(limits.messageBytes + 1), 'message_too_large', String(limits.messageBytes)],
  ])('refuses text %#', (text, code, word) => {
    expect(() => checkText(text, 'the text')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(word) as string }),
    )
  })

  it('takes the largest message', () => {
    const text = 'a'.repeat(limits.messageBytes)
    expect(checkText(text, 'the text')).toBe(text)
  })
})
