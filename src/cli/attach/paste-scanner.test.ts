import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PasteScanner, type TypedPart } from './paste-scanner.ts'

const begin = '\u001B[200~'
const end = '\u001B[201~'

/** Parts of one kind that follow each other are one. */
function joined(parts: readonly TypedPart[]): TypedPart[] {
  const whole: TypedPart[] = []
  for (const part of parts) {
    const last = whole.at(-1)
    if (last && last.kind === 'keys' && part.kind === 'keys') {
      last.text += part.text
    } else {
      whole.push({ ...part })
    }
  }
  return whole
}

test('what stands between the marks was pasted, all else are keys', () => {
  expect(new PasteScanner().push(`ab${begin}one\rtwo${end}c\r`)).toEqual([
    { kind: 'keys', text: 'ab' },
    { kind: 'paste', text: 'one\rtwo' },
    { kind: 'keys', text: 'c\r' },
  ])
})

test('keys are not held back: an escape, an arrow, lines that arrive together', () => {
  const scanner = new PasteScanner()
  for (const text of ['\u001B', '\u001B[A', '\u001B[3~', 'one\rtwo\r', '\u001B[20']) {
    const isHeld = text === '\u001B[20'
    expect(scanner.push(text)).toEqual(isHeld ? [] : [{ kind: 'keys', text }])
  }
  expect(scanner.push('~x')).toEqual([{ kind: 'keys', text: '\u001B[20~x' }])
})

test('marks that are cut in two are found; an escape alone before the rest of one is a key', () => {
  const typed = fc.string({ unit: fc.constantFrom('a', '\r', '漢', '[', '~', '2'), maxLength: 12 })
  fc.assert(
    fc.property(
      fc.array(fc.record({ keys: typed, paste: typed }), { maxLength: 4 }),
      fc.array(fc.nat({ max: 60 }), { maxLength: 8 }),
      (turns, cuts) => {
        const whole = turns.map(({ keys, paste }) => `${keys}${begin}${paste}${end}`).join('')
        const beginnings = turns.map(({ keys }) => keys)
        // A cut right behind the escape of an opening mark is the one that can't be told from a key.
        const places = cuts
          .filter(
            (at) => !whole.slice(0, at).endsWith('\u001B') || !whole.slice(at).startsWith('[200'),
          )
          .toSorted((one, other) => one - other)
        const scanner = new PasteScanner()
        const parts = [0, ...places].flatMap((at, index) =>
          scanner.push(whole.slice(at, places[index] ?? whole.length)),
        )
        const expected = turns.flatMap(({ paste }, index): TypedPart[] => [
          ...(beginnings[index] === ''
            ? []
            : [{ kind: 'keys', text: beginnings[index] ?? '' } as const]),
          { kind: 'paste', text: paste },
        ])
        expect(joined(parts)).toEqual(expected)
      },
    ),
  )
})
