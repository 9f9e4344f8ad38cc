import { describe, expect, test } from 'vitest'
import type { TerminalSize } from '../../src/runtimes/contract.ts'
import { drawnBy } from '../support/drawn-by.ts'
import type { Onlooker, TerminalStage } from './terminal-stage.ts'
import { usualSize } from './terminal-stage.ts'

const raw = 'stty raw -echo; echo ready; exec cat'

/** Tells its size whenever that changes. */
const telling = `trap 'stty size' WINCH; stty size; while :; do sleep 0.02; done`

/** Pictures that are hard to draw again. Each ends where a program may go on. */
const pictures: Readonly<Record<string, string>> = {
  'plain lines': 'one\r\ntwo\r\n$ ',
  colours:
    '\u001b[31mred \u001b[1;4;48;5;22mmore\u001b[m plain \u001b[38;2;1;2;3mfine\u001b[0m\r\n',
  'a pen that is still down': 'a \u001b[1;35mbold',
  'a background': '\u001b[3;5H\u001b[44m   blue   \u001b[m  ',
  'letters of all widths': 'ünï ☃ 漢字 e\u0301 🐑\r\n漢',
  'lines that scrolled away': Array.from(
    { length: 100 },
    (_, i) => `\u001b[3${i % 8}mline ${i}\r\n`,
  ).join(''),
  'a full last line': `\u001b[24;1H${'x'.repeat(80)}`,
  'a line that wrapped': 'y'.repeat(200),
  'a cursor in the middle, unseen': 'text\u001b[10;40H\u001b[?25l',
  'the other screen':
    'main\r\ntext\u001b[?1049h\u001b[2J\u001b[5;5Hother \u001b[7mscreen\u001b[m\u001b[7;7H',
  'a scroll region': '\u001b[5;10r\u001b[10;1Ha\r\nb\r\nc',
  'the origin in a region': '\u001b[5;10r\u001b[?6h\u001b[2;3Hx',
  'line drawing': '\u001b(0lqqk\r\nx\u001b(B\u001b[1mx\u001b(0x\u001b[m\r\nmqqj\u001b(B\r\n',
  'tab stops': '\u001b[3g\u001b[1;5H\u001bH\u001b[1;1H\ta',
  'no wrapping': `\u001b[?7l${'z'.repeat(100)}`,
  'modes of keys and mouse': '\u001b[?1h\u001b=\u001b[?1002h\u001b[?1006h\u001b[4hx',
}

/** How each goes on, the same for all: what it does depends on everything that was drawn. */
const goOn = '!\u001b[2D\r\n\tnext ☃\u001b[1Aup\u001b[Kq\u001b[?1049l*\u001b[L-'

/** People at a terminal. */
export function describeOnlookers(given: () => TerminalStage): void {
  describe('an onlooker', () => {
    test('is shown what is there first, then what comes, and types', async () => {
      const stage = given()
      const started = await stage.startScript(raw)
      await stage.heard(started, 'ready')
      const onlooker = await stage.look(started)
      expect(onlooker.bytes.toString()).toContain('ready')
      onlooker.type('hello ☃')
      await onlooker.sees('hello ☃')
      expect(onlooker.types).toEqual(['screen', 'output'])
      // It goes to the file and to the onlooker on ways of their own.
      await stage.until('the same on disk', () => stage.output(started.run).includes('hello ☃'))
    })

    test('types every byte there is, few and many', async () => {
      const stage = given()
      const started = await stage.startScript(raw)
      await stage.heard(started, 'ready')
      const onlooker = await stage.look(started, { size: { cols: 500, rows: 10 } })
      const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      onlooker.type(all)
      onlooker.type(all.subarray(1))
      const big = Buffer.from(`${'many words, '.repeat(80_000)}end`)
      onlooker.type(big)
      await onlooker.sees('end')
      const said = onlooker.bytes.toString('latin1')
      const typed = Buffer.concat([all, all.subarray(1), big]).toString('latin1')
      expect(said.endsWith(typed)).toBe(true)
    })

    test.for(Object.entries(pictures))(
      'is shown %s as if they had been there',
      async ([, picture]) => {
        const stage = given()
        const started = await stage.startScript('stty raw -echo; printf %s "$1"; exec cat', {
          args: [picture],
        })
        await stage.until('the picture', () => stage.output(started.run) === picture)
        const onlooker = await stage.look(started)
        const now = await drawnBy(onlooker.bytes, usualSize)
        expect(now).toEqual(await drawnBy(Buffer.from(picture), usualSize))
        onlooker.type(goOn)
        await onlooker.sees(goOn)
        const then = await drawnBy(onlooker.bytes, usualSize)
        expect(then).toEqual(await drawnBy(Buffer.from(picture + goOn), usualSize))
      },
    )

    test('is shown a sequence whole that had only begun', async () => {
      const stage = given()
      const started = await stage.startScript('stty raw -echo; printf "a\\033[3"; exec cat')
      await stage.heard(started, '\u001b[3')
      const onlooker = await stage.look(started)
      onlooker.type('1mred')
      await onlooker.sees('1mred')
      expect(await drawnBy(onlooker.bytes, usualSize)).toEqual(
        await drawnBy(Buffer.from('a\u001b[31mred'), usualSize),
      )
    })

    test('is told that pastes are to be bracketed', async () => {
      const stage = given()
      const started = await stage.startScript(
        `stty raw -echo; printf '\\033[?2004h\\033[?1004h\\033[?1004lready'; exec cat`,
      )
      await stage.heard(started, 'ready')
      const onlooker = await stage.look(started)
      expect(onlooker.bytes.toString()).toContain('\u001b[?2004h')
      expect(onlooker.bytes.toString()).not.toContain('\u001b[?1004h')
    })

    test('can ask for the screen anew', async () => {
      const stage = given()
      const started = await stage.startScript(raw)
      await stage.heard(started, 'ready')
      const onlooker = await stage.look(started)
      onlooker.type('more')
      await onlooker.sees('more')
      onlooker.connection.redraw()
      await onlooker.until('another screen', () => onlooker.screens === 2)
      expect(onlooker.bytes.toString()).toContain('more')
    })

    test('hears all of 49 MB in one burst', async () => {
      const stage = given()
      const started = await stage.startScript(
        'stty raw -echo; echo ready; head -c 1 >/dev/null; yes "$1" | head -c 49000000; echo over; exec cat',
        { args: ['\u0001\\é'.repeat(20)] },
      )
      await stage.heard(started, 'ready')
      const onlooker = await stage.look(started)
      onlooker.type('x')
      const overBytes = 49_000_000 + 'over\n'.length
      await onlooker.until('all of it', () => onlooker.outputBytes >= overBytes)
      expect(onlooker.outputBytes).toBe(overBytes)
      const said = stage.output(started.run)
      expect(said.endsWith(onlooker.bytes.subarray(-overBytes).toString('utf8'))).toBe(true)
    })

    test('who is slow is told nothing meanwhile, holds nobody up, and sees what is there then', async () => {
      const stage = given()
      const started = await stage.startScript(
        'stty raw -echo; echo ready; head -c 1 >/dev/null; yes "$1" | head -c 20000000; echo over; exec cat',
        { args: ['text '.repeat(20)] },
      )
      await stage.heard(started, 'ready')
      const slow = await stage.look(started)
      const quick = await stage.look(started)
      slow.connection.pause()
      const before = slow.drawn.length
      quick.type('x')
      await quick.sees('over')
      await stage.heard(started, 'over')
      expect(slow.drawn.length).toBe(before)
      slow.connection.resume()
      await slow.sees('over')
      const tailOf = (onlooker: Onlooker): Promise<unknown> => drawnBy(onlooker.bytes, usualSize)
      expect(await tailOf(slow)).toEqual(await tailOf(quick))
    })

    test('is told when the program is gone, and nothing after', async () => {
      const stage = given()
      const started = await stage.startScript('read -r line; echo bye; exit 3')
      const onlooker = await stage.look(started)
      onlooker.type('x\r')
      await onlooker.until('the end', () => onlooker.cause !== null)
      expect(onlooker.types.at(-1)).toBe('gone')
      expect(onlooker.bytes.toString()).toContain('bye')
      onlooker.type('more')
      onlooker.connection.resize({ cols: 10, rows: 10 })
      onlooker.connection.redraw()
      onlooker.connection.close()
      expect(await stage.ended(started.run)).toEqual({ code: 3, signal: null })
      await expect(stage.look(started)).rejects.toMatchObject({ code: 'terminal_gone' })
    })

    test('who leaves is told nothing more, and the program goes on', async () => {
      const stage = given()
      const started = await stage.startScript(raw)
      await stage.heard(started, 'ready')
      const one = await stage.look(started)
      const other = await stage.look(started)
      one.connection.close()
      other.type('still here')
      await other.sees('still here')
      expect(one.types).not.toContain('output')
      expect(one.types).not.toContain('gone')
    })

    test('has nothing to look at where a program has pipes', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.copy)
      await expect(stage.look(started)).rejects.toMatchObject({ code: 'no_terminal' })
    })
  })

  describe('the screen', () => {
    test('can be read as text', async () => {
      const stage = given()
      const { run, handle } = await stage.startScript(
        `stty -echo; printf '\\033[2J\\033[H\\033[1;31mred\\033[m ☃\\r\\n%%end 1 1 1\\033[4;3Hlast'; exec cat`,
      )
      await stage.heard({ run }, 'last')
      const lines = ['red ☃', '%end 1 1 1', '', '  last', ...Array.from({ length: 20 }, () => '')]
      await stage.until(
        'the screen',
        async () =>
          (await stage.runtime.readScreen?.(run, handle, stage.signal)) === `${lines.join('\n')}\n`,
      )
      await stage.runtime.destroy(run, handle, stage.signal)
      await expect(stage.runtime.readScreen?.(run, handle, stage.signal)).rejects.toMatchObject({
        code: 'terminal_gone',
      })
      const piped = await stage.start(stage.case.programs.copy)
      await expect(
        stage.runtime.readScreen?.(piped.run, piped.handle, stage.signal),
      ).rejects.toMatchObject({ code: 'no_terminal' })
    })
  })

  describe('the size', () => {
    const has = async (
      stage: TerminalStage,
      started: Parameters<TerminalStage['heard']>[0],
      { cols, rows }: TerminalSize,
    ): Promise<void> =>
      await stage.until(`${cols}×${rows}`, () =>
        stage.output(started.run).endsWith(`${rows} ${cols}\r\n`),
      )

    test.for([
      { cols: 1, rows: 1 },
      { cols: 1000, rows: 500 },
      { cols: 132, rows: 43 },
    ])('follows an onlooker to $cols×$rows, and the program is told', async (size) => {
      const stage = given()
      const started = await stage.startScript(telling)
      await has(stage, started, usualSize)
      const onlooker = await stage.look(started)
      onlooker.connection.resize(size)
      await has(stage, started, size)
      await onlooker.hasSize(size)
      expect(onlooker.types).toContain('resized')
      // It comes anew, for the new size.
      await onlooker.until('another screen', () => onlooker.screens >= 2)
    })

    test('is that of the smallest of those who may type, and grows when they leave', async () => {
      const stage = given()
      const started = await stage.startScript(telling)
      await has(stage, started, usualSize)
      const wide = await stage.look(started, { size: { cols: 150, rows: 20 } })
      await has(stage, started, { cols: 150, rows: 20 })
      const high = await stage.look(started, { size: { cols: 60, rows: 50 } })
      await has(stage, started, { cols: 60, rows: 20 })
      await wide.hasSize({ cols: 60, rows: 20 })
      high.connection.close()
      await has(stage, started, { cols: 150, rows: 20 })
      await wide.hasSize({ cols: 150, rows: 20 })
    })

    test('is nothing to who only reads, nor can they type', async () => {
      const stage = given()
      const started = await stage.startScript(telling)
      await has(stage, started, usualSize)
      const reader = await stage.look(started, { size: { cols: 20, rows: 5 }, isReadOnly: true })
      expect(reader.size).toEqual(usualSize)
      reader.connection.resize({ cols: 30, rows: 6 })
      reader.type('never')
      const writer = await stage.look(started, { size: { cols: 100, rows: 30 } })
      await has(stage, started, { cols: 100, rows: 30 })
      await reader.hasSize({ cols: 100, rows: 30 })
      writer.type('always')
      await reader.sees('always')
      expect(stage.output(started.run)).not.toContain('never')
    })
  })
}
