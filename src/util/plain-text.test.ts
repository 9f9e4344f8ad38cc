import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostileText, terminalPiece } from '../../test/support/hostile-text.ts'
import { LineBuffer } from './line-buffer.ts'
import { drawLine, plainText } from './plain-text.ts'

const escape = '\u001b'

describe('whatever goes in', () => {
  test('no control character gets out but newline and tab', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(plainText(text)).toMatch(/^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$/)
      }),
      { numRuns: 3000 },
    )
  })

  test('what is clean stays as it is, and what was cleaned is clean', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(plainText(plainText(text))).toBe(plainText(text))
      }),
    )
    const clean = 'naïve ☃ 🐑\n\tx = [0m;  \n'
    expect(plainText(clean)).toBe(clean)
  })

  test('each line stands for itself: nothing in one reaches into another', () => {
    fc.assert(
      fc.property(fc.array(hostileText), (texts) => {
        const lines = texts.join('\n').split('\n')
        expect(plainText(lines.join('\n'))).toBe(lines.map(plainText).join('\n'))
      }),
    )
  })

  test('letters that no sequence takes and nothing overwrites are all there, in order', () => {
    const harmless = [
      '\u001b[31m',
      '\u001b[K',
      '\u001b[?25l',
      '\u001b]0;t\u0007',
      '\u0007',
      '\u001b(B',
    ]
    const piece = fc.oneof(
      fc.constantFrom(...harmless),
      fc.string({ unit: fc.constantFrom('x', '世', ' ', '\t') }),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const letters = pieces.filter((each) => !harmless.includes(each)).join('')
        expect(plainText(pieces.join(''))).toBe(letters)
      }),
    )
  })
})

test.for([
  ['colours', `${escape}[1;31mred${escape}[0m`, 'red'],
  ['titles', `${escape}]0;title\u0007text`, 'text'],
  ['titles of screen', `${escape}ktitle${escape}\\text`, 'text'],
  [
    'links, but not their text',
    `${escape}]8;;http://x${escape}\\name${escape}]8;;${escape}\\`,
    'name',
  ],
  ['device strings', `${escape}Pq#0${escape}\\text`, 'text'],
  ['pictures', `${escape}_Ga=T,f=100;aGk=${escape}\\text`, 'text'],
  ['private messages', `a${escape}^secret${escape}\\b${escape}Xstart${escape}\\c`, 'abc'],
  ['character sets', `${escape}(Btext`, 'text'],
  ['a sequence that was cut off', `text${escape}[31`, 'text'],
  ['the 8-bit form', 'a\u009b31mb\u009d0;title\u009cc', 'abc'],
  ['bells, nulls and deletes', 'a\u0007b\u0000c\u007f', 'abc'],
  ['modes and questions', `${escape}[?2004h${escape}[6n${escape}[>c$ `, '$ '],
] as const)('%s are removed', ([, text, expected]) => {
  expect(plainText(text)).toBe(expected)
})

test.for([
  ['a progress bar', '10 %\r50 %\r100 %', '100 %'],
  ['a shorter line over a longer one', 'long line\rshort', 'shortline'],
  [
    'a spinner that erases its line',
    `⠙ work${escape}[1G${escape}[0K⠹ work${escape}[2K\rdone`,
    'done',
  ],
  ['Windows line ends', 'one\r\ntwo\r\r\n', 'one\ntwo\n'],
  ['a letter typed over', 'a\bA', 'A'],
  ['a letter that a shell takes back', `lss\b${escape}[K -l`, 'ls -l'],
  ['bold of a manual page', 'N\bNA\bAM\bME\bE _\bo_\bf', 'NAME of'],
  ['a word put in by a line editor', `ls -l${escape}[3D${escape}[4@ -a `, 'ls -a  -l'],
  ['a letter taken out by a line editor', `lxs${escape}[2D${escape}[P`, 'ls'],
  ['letters blanked', `abcdef${escape}[5D${escape}[2X`, 'a  def'],
  ['letters repeated', `-${escape}[9b`, '-'.repeat(10)],
  ['columns set apart', `name${escape}[3Csize`, 'name   size'],
  ['columns by their number', `name${escape}[10Gsize`, 'name     size'],
  ['a gap with nothing behind it', `name${escape}[30C`, 'name'],
  ['tabs', 'a\tb\n\tc', 'a\tb\n\tc'],
  ['tabs that are moved over', 'a\tb\rx\ty', 'x\ty'],
  ['a tab written into', 'a\tb\rxyz', 'xyz     b'],
  ['a wide letter half overwritten', '世界\ra', 'a 界'],
  ['a wide letter taken back', `世界\b\b${escape}[K!`, '世!'],
  ['an accent of its own', 'e\u0301a\b\bE', 'Ea'],
] as const)('%s: a line shows as it last stood', ([, text, expected]) => {
  expect(plainText(text)).toBe(expected)
})

test.for([
  ['lines of a screen', `${escape}[2J${escape}[1;1Htop${escape}[2;3Hnext`, 'top\n  next'],
  ['two places in one row', `${escape}[5;1Hname${escape}[5;9Hsize`, 'name    size'],
  [
    'the way up and down',
    `one${escape}[Atwo${escape}[Bthree${escape}Dfour\u0085five`,
    'one\ntwo\nthree\nfour\nfive',
  ],
  ['another screen', `before${escape}[?1049hinside${escape}[?1049lafter`, 'before\ninside\nafter'],
  ['moves with nothing between', `${escape}[H${escape}[2J${escape}[3J${escape}[H`, ''],
] as const)('%s: another row is another line', ([, text, expected]) => {
  expect(plainText(text)).toBe(expected)
})

test.for([
  [`a${escape}]0;never ends\nb`, 'a\nb'],
  [`a${escape}Pnever ends${escape}[1mb`, 'ab'],
  [`a${escape}]0;given up\u0018b`, 'ab'],
  [`a${escape}[31\nb`, 'a\nb'],
  [`a${escape}[31${escape}[32mb`, 'ab'],
  [`a${escape}[3éb`, 'aéb'],
  [`a${escape}éb`, 'aéb'],
] as const)('%j: what is broken takes nothing of what comes after it', ([text, expected]) => {
  expect(plainText(text)).toBe(expected)
})

describe('the work is in proportion to the text', () => {
  /** Cells moved for a text of so many times the same. */
  const workFor = (piece: string, times: number): number => {
    const buffer = new LineBuffer()
    drawLine(piece.repeat(times), buffer)
    return buffer.moves
  }

  test('twice the text is twice the work, whatever is repeated', () => {
    const piece = fc.array(terminalPiece, { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(piece, (pieces) => {
        const text = pieces.join('')
        const [once, twice, fourTimes] = [250, 500, 1000].map((times) => workFor(text, times))
        const [first, second] = [twice! - once!, fourTimes! - twice!]
        // What is quadratic takes four times as much.
        expect(second).toBeLessThanOrEqual(2.5 * first + 20_000)
      }),
    )
  })

  test('a character takes no more work than one sequence may do', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const buffer = new LineBuffer()
        drawLine(text.replaceAll('\n', ''), buffer)
        expect(buffer.moves).toBeLessThanOrEqual(2000 * text.length)
      }),
    )
  })

  const half = 512 * 1024
  const long = 'x'.repeat(half)
  test.for<[string, string, number]>([
    ['begun sequences', `${escape}[`.repeat(half), 0],
    ['begun strings', `${escape}]`.repeat(half), 0],
    ['begun strings of 8 bits', '\u009d'.repeat(2 * half), 0],
    ['one endless sequence', `${escape}[${'0'.repeat(2 * half)}`, 0],
    ['one that comes to nothing', `${escape}[${'0'.repeat(half)}${' '.repeat(half)}\u0001`, 0],
    ['one endless string', `${escape}]${'x'.repeat(2 * half)}`, 0],
    ['carriage returns', `${'\r'.repeat(2 * half)}x`, 0],
    ['runs of carriage returns', `${'\r'.repeat(1000)}x`.repeat(1000), 4000],
    ['a long line overwritten letter by letter', `${long}${'\ra'.repeat(half / 2)}`, 4 * half],
    ['a long line erased again and again', `${long}${`${escape}[2Kx`.repeat(half / 8)}`, 2 * half],
    ['letters taken out of a long line', `${long}\r${`${escape}[P`.repeat(half / 4)}`, 4 * half],
    ['blanks put into a long line', `${long}\r${`${escape}[@`.repeat(half / 4)}`, 4 * half],
    ['accents on one letter', `a\ra${'\u0301'.repeat(2 * half)}`, 4 * half],
    ['ways to and fro', `${long}${`\r${escape}[512C`.repeat(1000)}`, 4 * half],
  ])('a megabyte of %s is one way through', ([, text, most]) => {
    const buffer = new LineBuffer()
    drawLine(text, buffer)
    expect(buffer.moves).toBeLessThanOrEqual(most)
    expect(plainText(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
  })

  test('few bytes make no large text', () => {
    expect(plainText(`${escape}[999999999Cx`).length).toBeLessThanOrEqual(600)
    expect(plainText(`x${escape}[999999999b`).length).toBeLessThanOrEqual(600)
    expect(plainText(`${escape}[1;999999999Hx`).length).toBeLessThanOrEqual(600)
  })
})
