import { expect, test } from 'vitest'
import { encodeStrokes } from '../../core/strokes.ts'
import { submitText } from './submit-text.ts'

test('a text is pasted as one piece and entered', () => {
  expect(encodeStrokes(submitText('Grüße\nan alle'))).toBe('paste 15\nGrüße\nan alle\nkeys 1\n\r\n')
  expect(submitText('a', 50)).toEqual([
    { stroke: 'paste', text: 'a' },
    { stroke: 'pause', ms: 50 },
    { stroke: 'keys', text: '\r' },
  ])
})

test('nothing in a text is a key: it can neither end the paste nor press one', () => {
  const [paste] = submitText('one\u001b[201~\u0003two\r\nthree\rfour\tfive\u009b')
  expect(paste).toEqual({ stroke: 'paste', text: 'one[201~two\nthree\nfour\tfive' })
})
