import { describe, expect, it } from 'vitest'
import { cutHistory } from './cut-history.ts'

const cut = (text: string, rows: number): string =>
  Buffer.from(cutHistory(Buffer.from(text), rows)).toString()

describe('a screen', () => {
  it('is cut to the lines that stand there', () => {
    expect(cut('1\r\n2\r\n3\r\n4\r\n5', 2)).toBe('4\r\n5')
    expect(cut('1\r\n2\r\n3\u001B[1;1H', 1)).toBe('3\u001B[1;1H')
  })

  it('stays as it is where nothing scrolled away', () => {
    expect(cut('1\r\n2\r\n3', 3)).toBe('1\r\n2\r\n3')
    expect(cut('', 3)).toBe('')
  })

  it('keeps what it begins with', () => {
    expect(cut('\u001B)0\u001B[?7l1\r\n2\r\n3', 1)).toBe('\u001B)0\u001B[?7l3')
  })
})
