import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sanitise } from './sanitise.ts'

const escape = '\u001b'
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      escape,
      '[',
      ']',
      'P',
      '\\',
      '\u0007',
      '\r',
      '\n',
      '\t',
      '0',
      ';',
      'm',
      ' ',
      '\u009b',
      '\u0000',
      '\u007f',
      'x',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 200,
})

test('no control byte gets out but newline and tab, whatever goes in', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(sanitise(text)).toMatch(/^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$/)
    }),
    { numRuns: 2000 },
  )
})

test('what is clean stays as it is, and what was cleaned is clean', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(sanitise(sanitise(text))).toBe(sanitise(text))
    }),
  )
  const clean = 'naïve ☃ 🐑\n\tx = [0m;\n'
  expect(sanitise(clean)).toBe(clean)
})

test('as many lines come out as go in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', '\r', `${escape}[1m`, `${escape}[K`) })),
      (lines) => {
        expect(sanitise(lines.join('\n')).split('\n')).toHaveLength(Math.max(1, lines.length))
      },
    ),
  )
})

test.for([
  ['colours', `${escape}[1;31mred${escape}[0m`, 'red'],
  ['titles', `${escape}]0;title\u0007text`, 'text'],
  ['links', `${escape}]8;;http://x${escape}\\name${escape}]8;;${escape}\\`, 'name'],
  ['device strings', `${escape}Pq#0${escape}\\text`, 'text'],
  ['character sets', `${escape}(Btext`, 'text'],
  ['a sequence that was cut off', `text${escape}[31`, 'text'],
  ['the 8-bit form', 'a\u009b31mb', 'a31mb'],
  ['a progress bar', '10 %\r50 %\r100 %', '100 %'],
  ['a shorter line over a longer one', 'long line\rshort', 'shortline'],
  ['Windows line ends', 'one\r\ntwo\r\n', 'one\ntwo\n'],
  ['bells and backspaces', 'a\u0007b\bc', 'abc'],
] as const)('it removes %s', ([, text, expected]) => {
  expect(sanitise(text)).toBe(expected)
})

const megabyte = 1024 * 1024

const hostileMegabytes: [string, string][] = [
  ['begun sequences', `${escape}[`.repeat(megabyte / 2)],
  ['begun strings', `${escape}]`.repeat(megabyte / 2)],
  ['one endless sequence', `${escape}[${'0'.repeat(megabyte)}`],
  [
    'one sequence that comes to nothing',
    `${escape}[${'0'.repeat(megabyte / 2)}${' '.repeat(megabyte / 2)}\u0001`,
  ],
  ['one endless string', `${escape}P${'x'.repeat(megabyte)}`],
  ['carriage returns', `${'\r'.repeat(megabyte)}x`],
  [
    'a long line that is overwritten letter by letter',
    `${'x'.repeat(megabyte / 2)}${'\ra'.repeat(megabyte / 4)}`,
  ],
  [
    'a line that grows at each return',
    Array.from({ length: 1400 }, (_, index) => 'y'.repeat(index)).join('\r'),
  ],
  ['newlines', '\r\n'.repeat(megabyte / 2)],
]

test.for(hostileMegabytes)(
  'a megabyte of %s takes no longer than it must',
  { timeout: 10_000 },
  ([, text]) => {
    // The deadline of the test is the check: anything but linear takes minutes.
    expect(sanitise(text).length).toBeLessThanOrEqual(text.length)
  },
)
