import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseDetachKey } from './detach-key.ts'
import { KeyScanner } from './key-scanner.ts'

const press = '\u001D'
const patienceMs = 400

let typed: string
let detached: number
let scanner: KeyScanner
function open(key: string): void {
  typed = ''
  detached = 0
  scanner = new KeyScanner({
    key: parseDetachKey(key),
    onKeys: (keys) => (typed += Buffer.from(keys).toString('latin1')),
    onDetach: () => detached++,
    patienceMs,
  })
}
const type = (text: string): void => scanner.push(Buffer.from(text, 'latin1'))

beforeEach(() => {
  vi.useFakeTimers()
  open('ctrl-]')
})
afterEach(() => vi.useRealTimers())

describe('what is typed', () => {
  it('goes through as it is, byte by byte', () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte)).replace(
      press,
      '',
    )
    all.split('').forEach(type)
    type('\u001B[<0;5;5M')
    expect(typed).toBe(`${all}\u001B[<0;5;5M`)
    expect(detached).toBe(0)
  })

  it('goes through whole, whatever it is, where no key leaves', () => {
    open('none')
    type(press)
    vi.advanceTimersByTime(patienceMs)
    expect({ typed, detached }).toEqual({ typed: press, detached: 0 })
  })
})

describe('the key', () => {
  it('leaves, once it is not pressed again', () => {
    type(`ab${press}`)
    expect({ typed, detached }).toEqual({ typed: 'ab', detached: 0 })
    vi.advanceTimersByTime(patienceMs)
    expect(detached).toBe(1)
    type('cd')
    expect({ typed, detached }).toEqual({ typed: 'ab', detached: 1 })
  })

  it('pressed twice is typed once', () => {
    type(press)
    type(press)
    type(`x${press}${press}y`)
    vi.advanceTimersByTime(patienceMs)
    expect({ typed, detached }).toEqual({ typed: `${press}x${press}y`, detached: 0 })
  })

  it('pressed three times is typed, and leaves', () => {
    type(press + press + press)
    vi.advanceTimersByTime(patienceMs)
    expect({ typed, detached }).toEqual({ typed: press, detached: 1 })
  })

  it('leaves at once when another follows, which is for nobody', () => {
    type(press)
    type('exit\r')
    expect({ typed, detached }).toEqual({ typed: '', detached: 1 })
    open('ctrl-]')
    type(`${press}exit\r`)
    expect({ typed, detached }).toEqual({ typed: '', detached: 1 })
  })

  it('is text in a paste, however that is cut', () => {
    const paste = `\u001B[200~a${press}b\u001B[201~`
    type(paste)
    paste.split('').forEach(type)
    type('x'.repeat(100) + press)
    vi.advanceTimersByTime(patienceMs)
    expect({ typed, detached }).toEqual({
      typed: paste + paste + 'x'.repeat(100) + press,
      detached: 0,
    })
    type(press)
    vi.advanceTimersByTime(patienceMs)
    expect(detached).toBe(1)
  })

  it('leaves nobody who is gone', () => {
    type(press)
    scanner.close()
    vi.advanceTimersByTime(patienceMs)
    expect(detached).toBe(0)
  })
})
