import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TextSink } from '../context.ts'
import { characterWidth } from '../text-width.ts'
import { Screen, type Voice } from './screen.ts'
import { wrapText } from './wrap-text.ts'

/** A terminal that understands what a Screen writes, and nothing else. */
class SmallTerminal {
  readonly columns: number
  readonly rows = 12
  /** All rows, those that scrolled off, too; a wide character takes a cell and an empty one. */
  #cells: string[][] = [[]]
  #row = 0
  #column = 0

  constructor(columns: number) {
    this.columns = columns
  }

  get text(): string[] {
    return this.#cells.map((cells) =>
      cells
        .map((cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    )
  }

  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column }
  }

  write(text: string): boolean {
    const part = /\u001B\[(\??)(\d*)([A-Za-z])|\r|\n|[^\u001B\r\n]/gu
    for (const [whole, mode, count, code] of text.matchAll(part)) {
      if (code === undefined) {
        this.#put(whole)
      } else if (mode === '') {
        this.#control(code, Number(count))
      }
    }
    return true
  }

  #put(character: string): void {
    if (character === '\r') {
      this.#column = 0
    } else if (character === '\n') {
      this.#row++
      this.#cells[this.#row] ??= []
    } else {
      const width = characterWidth(character)
      const row = this.#cells[this.#row] ?? []
      for (let index = row.length; index < this.#column; index++) {
        row[index] = ' '
      }
      row[this.#column] = character
      if (width === 2) {
        row[this.#column + 1] = ''
      }
      this.#column += width
      if (this.#column >= this.columns) {
        throw new Error(`A row reaches the edge: ${row.join('')}`)
      }
    }
  }

  #control(code: string, count: number): void {
    if (code === 'A') {
      this.#row -= count
      if (this.#row < 0) {
        throw new Error('The cursor leaves the terminal.')
      }
    } else if (code === 'C') {
      this.#column += count
    } else if (code === 'K') {
      this.#cells[this.#row]?.splice(this.#column)
    } else if (code === 'J') {
      this.#cells[this.#row]?.splice(this.#column)
      this.#cells.splice(this.#row + 1)
    }
  }
}

const asIs = (text: string): string => text
const voice = (prefix: string): Voice => ({ prefix, paintPrefix: asIs, paint: asIs })
const agent = voice('guide > ')
const note = voice('- ')

function createScreen(columns: number) {
  const terminal = new SmallTerminal(columns)
  const typed = { text: '', facts: [] as string[] }
  const screen = new Screen(terminal as unknown as TextSink, () => ({
    rows: typed.facts.map((text) => ({ text, paint: asIs })),
    input: { prompt: 'you > ', text: typed.text, cursor: typed.text.length },
    paintPrompt: asIs,
  }))
  return { terminal, typed, screen }
}

test('words that come while a line is typed stand above it, and the line stays whole', () => {
  const { terminal, typed, screen } = createScreen(30)
  screen.draw()
  typed.text = 'half a li'
  screen.say(agent, 'Hello, I am ')
  screen.draw()
  expect(terminal.text).toEqual(['guide > Hello, I am', 'you > half a li'])
  typed.text += 'ne'
  typed.facts = ['* guide is working']
  screen.say(agent, 'guide, and I say more.\n\n')
  screen.draw()
  expect(terminal.text).toEqual([
    'guide > Hello, I am guide,',
    'and I say more.',
    '* guide is working',
    'you > half a line',
  ])
  expect(terminal.cursor).toEqual({ row: 3, column: 17 })
  typed.facts = []
  screen.say(agent, 'Bye.')
  screen.tell(note, 'guide is asleep')
  screen.close()
  expect(terminal.text).toEqual([
    'guide > Hello, I am guide,',
    'and I say more.',
    '',
    'Bye.',
    '- guide is asleep',
    '',
  ])
  expect(terminal.cursor).toEqual({ row: 5, column: 0 })
})

test('whatever is said and typed, what was said is there in order, and the line below it', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', ' ', '\n', '漢', '\t', 'é'),
    minLength: 1,
    maxLength: 30,
  })
  const act = fc.oneof(
    fc.record({ do: fc.constant('say' as const), text }),
    fc.record({ do: fc.constant('tell' as const), text }),
    fc.record({ do: fc.constant('type' as const), text }),
    fc.record({ do: fc.constant('draw' as const) }),
    fc.record({ do: fc.constant('fact' as const), text }),
  )
  fc.assert(
    fc.property(
      fc.array(act, { maxLength: 25 }),
      fc.integer({ min: 20, max: 40 }),
      (acts, columns) => {
        const { terminal, typed, screen } = createScreen(columns)
        const said: { voice: Voice; text: string }[] = []
        let isOpen = false
        for (const each of acts) {
          if (each.do === 'say') {
            screen.say(agent, each.text)
            const last = isOpen ? said.at(-1) : undefined
            if (last) {
              last.text += each.text
            } else {
              said.push({ voice: agent, text: each.text })
            }
            isOpen = true
          } else if (each.do === 'tell') {
            screen.tell(note, each.text)
            said.push({ voice: note, text: each.text })
            isOpen = false
          } else if (each.do === 'type') {
            typed.text = each.text.replaceAll('\n', '')
          } else if (each.do === 'fact') {
            typed.facts = [each.text.replaceAll(/[\n\t]/g, ' ')]
          } else {
            screen.draw()
          }
        }
        screen.draw()
        const rows = said.flatMap((block) => rowsOf(block, columns - 1))
        expect(terminal.text.slice(0, rows.length)).toEqual(rows)
        expect(
          terminal.text.find((row, index) => index >= rows.length && row.startsWith('you >')),
        ).toBeDefined()
        screen.close()
        expect(terminal.text).toEqual([...rows, ''])
      },
    ),
  )
})

/** The rows of one voice's words when all of them are there at once. */
function rowsOf(
  { voice: { prefix }, text }: { voice: Voice; text: string },
  columns: number,
): string[] {
  const words = text.replace(/^\n+|\n+$/g, '').replaceAll('\t', '    ')
  return words === ''
    ? []
    : (prefix + words)
        .split('\n')
        .flatMap((line) => wrapText(line, columns).map((row) => row.trimEnd()))
}
