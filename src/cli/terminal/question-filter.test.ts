import { describe, expect, it } from 'vitest'
import { QuestionFilter } from './question-filter.ts'

const esc = '\u001B'
const end = `${esc}\\`

function filter(text: string, rows: number | null = null): string {
  const filterOf = new QuestionFilter()
  filterOf.begin(rows)
  return Buffer.from(filterOf.push(Buffer.from(text, 'latin1'))).toString('latin1')
}

const questions = [
  '\u0005',
  `${esc}Z`,
  `${esc}[c`,
  `${esc}[0c`,
  `${esc}[>c`,
  `${esc}[=0c`,
  `${esc}[>q`,
  `${esc}[>0q`,
  `${esc}[5n`,
  `${esc}[6n`,
  `${esc}[?6n`,
  `${esc}[?996n`,
  `${esc}[?2026$p`,
  `${esc}[?u`,
  `${esc}[14t`,
  `${esc}[18t`,
  `${esc}[21t`,
  `${esc}P$qm${end}`,
  `${esc}P+q544e${end}`,
  `${esc}]10;?\u0007`,
  `${esc}]11;?${end}`,
  `${esc}]4;1;?${end}`,
  `${esc}]52;c;?\u0007`,
  `${esc}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA${end}`,
]

const statements = [
  'plain text, ünïcode bytes \u00E2\u0098\u0083 and \u009B',
  `${esc}[1;31mred${esc}[m`,
  `${esc}[?1049h${esc}[?1000;1006h${esc}[?25l${esc}[>1u${esc}[>4;2m${esc}[<u${esc}[=1u`,
  `${esc}[?1c${esc}[2 q${esc}[22;2t${esc}[8;24;80t${esc}[3;10r${esc}[r${esc}[s${esc}[u`,
  `${esc}]0;a title; is it?\u0007${esc}]2;why?${end}`,
  `${esc}]8;;https://example.org/?q=1${end}link${esc}]8;;${end}`,
  `${esc}]11;rgb:00/00/00${end}${esc}]52;c;aGk=\u0007`,
  `${esc}P1$r0m${end}${esc}Pq#0;2;0;0;0~${end}`,
  `${esc}_Ga=T,f=100;AAAA${end}${esc}(B${esc})0${esc}=${esc}7${esc}8`,
]

describe('what a program sends to its terminal', () => {
  it.each(questions)('%j is a question, and taken out', (question) => {
    expect(filter(`a${question}b`)).toBe('ab')
  })

  it.each(statements)('%j is none, and stays', (statement) => {
    expect(filter(statement)).toBe(statement)
  })

  it('is the same wherever it is cut', () => {
    const text = [...questions, ...statements].join('-')
    const whole = filter(text)
    for (const size of [1, 2, 3, 5, 7]) {
      const filterOf = new QuestionFilter()
      let got = ''
      for (let at = 0; at < text.length; at += size) {
        const piece = filterOf.push(Buffer.from(text.slice(at, at + size), 'latin1'))
        got += Buffer.from(piece).toString('latin1')
      }
      expect(got).toBe(whole)
    }
  })

  it('is held back no longer than a question is', () => {
    const begin = `${esc}]1337;File=:`
    expect(filter(begin)).toBe('')
    expect(filter(`${begin}${'A'.repeat(300)}`)).toBe(`${begin}${'A'.repeat(300)}`)
  })

  it('keeps to the rows of its terminal where that has fewer', () => {
    expect(filter(`${esc}[r${esc}[;r${esc}[2;5r`, 24)).toBe(`${esc}[1;24r${esc}[1;24r${esc}[2;5r`)
  })

  it('tells which screen it is on', () => {
    const filterOf = new QuestionFilter()
    const says = (text: string): boolean => {
      filterOf.push(Buffer.from(text))
      return filterOf.isAlternate
    }
    expect([says(`${esc}[?1049h`), says('x'), says(`${esc}[?25;1049l`)]).toEqual([
      true,
      true,
      false,
    ])
    expect([says(`${esc}[?10`), says('47h')]).toEqual([false, true])
    filterOf.begin(null)
    expect(filterOf.isAlternate).toBe(false)
  })
})
