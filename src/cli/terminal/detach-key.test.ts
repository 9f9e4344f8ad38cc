import { describe, expect, it } from 'vitest'
import { parseDetachKey, readPress } from './detach-key.ts'

describe('the value of --detach-key', () => {
  it.each([
    ['ctrl-]', 'Ctrl-]', 0x1d],
    ['^]', 'Ctrl-]', 0x1d],
    ['C-q', 'Ctrl-Q', 0x11],
    ['ctrl-\\', 'Ctrl-\\', 0x1c],
    ['Ctrl-@', 'Ctrl-@', 0],
    ['ctrl-_', 'Ctrl-_', 0x1f],
  ])('%s is a key', (text, label, byte) => {
    expect(parseDetachKey(text)).toMatchObject({ label, byte })
  })

  it('left out is Ctrl-]', () => {
    expect(parseDetachKey()).toMatchObject({ label: 'Ctrl-]' })
  })

  it('none is no key', () => {
    expect(parseDetachKey('none')).toBeNull()
  })

  it.each(['', 'x', 'ctrl-', 'ctrl-ab', 'ctrl-1', 'alt-x', 'ctrl-[', 'ctrl-m', '^I', 'ctrl-J'])(
    '%j is refused',
    (text) => {
      expect(() => parseDetachKey(text)).toThrow('--detach-key')
    },
  )
})

describe('a press of the key', () => {
  const key = parseDetachKey('ctrl-]')!

  it.each([
    ['as its own byte', '\u001D', '\u001D'],
    ['as xterm may be told to', '\u001B[27;5;93~', '\u001B[27;5;93~'],
    ['as kitty tells it', '\u001B[93;5u', '\u001B[93;5u'],
    ['that is told as an event', '\u001B[93;5:1u', '\u001B[93;5:1u'],
    ['with its other characters', '\u001B[93:125:93;5u', '\u001B[93:125:93;5u'],
    ['while locks are on', '\u001B[93;197u', '\u001B[93;197u'],
  ])('%s', (_, typed, press) => {
    expect(readPress(key, `${typed}rest`)).toBe(press)
  })

  it.each([
    '',
    ']',
    '\u001B',
    '\u001B[93;6u',
    '\u001B[93;5:3u',
    '\u001B[94;5u',
    '\u001B[A',
    'a\u001D',
  ])('is not %j', (typed) => {
    expect(readPress(key, typed)).toBe('')
  })
})
