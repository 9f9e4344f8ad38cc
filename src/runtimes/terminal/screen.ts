import type { TerminalSize } from '../contract.ts'
import type { Commands, Reply } from './control-client.ts'
import { Pen } from './pen.ts'
import type { Untold } from './untold.ts'

/** What tmux tells of a terminal beside what is written there, in the order in which it is asked. */
const facts = [
  'window_width',
  'window_height',
  'history_size',
  'cursor_x',
  'cursor_y',
  'scroll_region_upper',
  'scroll_region_lower',
  'alternate_on',
  'alternate_saved_x',
  'alternate_saved_y',
  'cursor_flag',
  'insert_flag',
  'keypad_cursor_flag',
  'keypad_flag',
  'origin_flag',
  'wrap_flag',
  'mouse_standard_flag',
  'mouse_button_flag',
  'mouse_all_flag',
  'mouse_utf8_flag',
  'mouse_sgr_flag',
] as const
type Fact = (typeof facts)[number]

/** Everything that `drawScreen` needs, asked at one instant. */
export function screenCommands(target: string): Commands {
  const capture = ['capture-pane', '-p', '-t', target]
  return [
    [
      'display-message',
      '-p',
      '-t',
      target,
      `${facts.map((fact) => `#{${fact}}`).join(' ')} #{pane_tabs}`,
    ],
    [...capture, '-e', '-N', '-S', '-'],
    // What the other screen covers.
    [...capture, '-e', '-N', '-a', '-q'],
    // A sequence that has begun and is not whole.
    [...capture, '-P', '-C'],
  ]
}

const escape = '\u001b'

type Facts = (name: Fact) => number

function factsOf(told: Reply | undefined): { fact: Facts; tabs: string } {
  const words = (told?.[0]?.toString() ?? '').split(' ')
  return {
    fact: (name) => Number(words[facts.indexOf(name)] ?? 0),
    tabs: words.slice(facts.length).join(' '),
  }
}

/** The terminal's size, from the replies to `screenCommands`. */
export function sizeOf([told]: readonly Reply[]): TerminalSize {
  const { fact } = factsOf(told)
  return { cols: fact('window_width'), rows: fact('window_height') }
}

/** Bytes that draw a terminal on one that was just reset, from the replies to `screenCommands`. */
export function drawScreen(replies: readonly Reply[], untold: Untold): Buffer {
  const [told, lines = [], covered = [], pending] = replies
  const { fact, tabs } = factsOf(told)
  const size = sizeOf(replies)
  // Nothing wraps while it is drawn; a line may be as wide as the terminal.
  const parts: (string | Buffer)[] = [`${escape})0${escape}[?7l`]
  const all = [...lines]
  while (all.length < fact('history_size') + size.rows) {
    all.push(Buffer.alloc(0))
  }
  const visible = all.slice(-size.rows)
  const isCovered = fact('alternate_on') === 1
  const history = all.slice(0, all.length - size.rows)
  parts.push(...drawLines([...history, ...(isCovered ? covered : visible)], size.rows))
  if (isCovered) {
    parts.push(moveTo(fact('alternate_saved_x'), fact('alternate_saved_y')), `${escape}[?1049h`)
    parts.push(...drawRows(visible))
  }
  parts.push(...drawState(fact, tabs))
  parts.push(untold.modes)
  parts.push(...drawCursor(fact, visible, size))
  parts.push(untold.pen, unescape(pending?.[0] ?? Buffer.alloc(0)))
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)))
}

const sgr = /\u001b\[([\d;:]*)m/g

/** Each line with a fresh pen at its begin and end: tmux has the pen go on from line to line. */
function freshLines(lines: readonly Buffer[]): Buffer[] {
  const pen = new Pen()
  // Line drawing letters are written between a shift out and a shift in.
  let isShifted = false
  return lines.map((line) => {
    const start = `${isShifted ? '\u000e' : ''}${pen.toString()}`
    const text = line.toString('latin1')
    for (const [, parameters = ''] of text.matchAll(sgr)) {
      pen.apply(parameters)
    }
    const shift = Math.max(text.lastIndexOf('\u000e'), text.lastIndexOf('\u000f'))
    isShifted = shift >= 0 ? text[shift] === '\u000e' : isShifted
    const isPlain = start === '' && shift < 0 && !text.includes(escape)
    return isPlain ? line : Buffer.from(`${start}${text}\u000f${escape}[m`, 'latin1')
  })
}

/** From the top on; what is too much scrolls away. */
function drawLines(lines: readonly Buffer[], rows: number): (string | Buffer)[] {
  const used =
    lines.length > rows ? lines.length : lines.findLastIndex(({ length }) => length > 0) + 1
  return freshLines(lines.slice(0, used)).flatMap((line, index) =>
    index > 0 ? ['\r\n', line] : [line],
  )
}

function drawRows(lines: readonly Buffer[]): (string | Buffer)[] {
  return freshLines(lines).flatMap((line, row) => (line.length > 0 ? [moveTo(0, row), line] : []))
}

function moveTo(x: number, y: number): string {
  return `${escape}[${y + 1};${x + 1}H`
}

/** Modes that are not as a reset terminal has them. Source: xterm's ctlseqs. */
function* drawState(fact: Facts, tabs: string): Generator<string> {
  const height = fact('window_height')
  if (fact('scroll_region_upper') > 0 || fact('scroll_region_lower') < height - 1) {
    yield `${escape}[${fact('scroll_region_upper') + 1};${fact('scroll_region_lower') + 1}r`
  }
  yield drawTabs(tabs, fact('window_width'))
  const modes: readonly (readonly [Fact, string])[] = [
    ['insert_flag', '[4h'],
    ['keypad_cursor_flag', '[?1h'],
    ['keypad_flag', '='],
    ['mouse_standard_flag', '[?1000h'],
    ['mouse_button_flag', '[?1002h'],
    ['mouse_all_flag', '[?1003h'],
    ['mouse_utf8_flag', '[?1005h'],
    ['mouse_sgr_flag', '[?1006h'],
  ]
  for (const [name, sequence] of modes) {
    if (fact(name) === 1) {
      yield escape + sequence
    }
  }
  if (fact('cursor_flag') === 0) {
    yield `${escape}[?25l`
  }
}

/** Tab stops, where they are not every eight columns. */
function drawTabs(tabs: string, cols: number): string {
  const usual = Array.from({ length: Math.ceil(cols / 8) - 1 }, (_, index) => (index + 1) * 8)
  const stops = tabs.split(',').filter(Boolean).map(Number)
  if (stops.join() === usual.join()) {
    return ''
  }
  return `${escape}[3g${stops.map((stop) => `${moveTo(stop, 0)}${escape}H`).join('')}`
}

/** Where the cursor is. One behind the last column is there because of what was written last. */
function drawCursor(
  fact: Facts,
  visible: readonly Buffer[],
  { cols }: TerminalSize,
): (string | Buffer)[] {
  const [x, y] = [fact('cursor_x'), fact('cursor_y')]
  const wrap = fact('wrap_flag') === 1 ? [`${escape}[?7h`] : []
  const isOrigin = fact('origin_flag') === 1
  const row = isOrigin ? y - fact('scroll_region_upper') : y
  const origin = isOrigin ? [`${escape}[?6h`] : []
  if (x < cols) {
    return [...wrap, ...origin, moveTo(x, row)]
  }
  const [line = Buffer.alloc(0)] = freshLines(visible.slice(0, y + 1)).slice(-1)
  return [...wrap, ...origin, moveTo(0, row), line]
}

/** Bytes out of text in which some stand as `\ooo`. */
export function unescape(text: Buffer): Buffer {
  let slash = text.indexOf(0x5c)
  if (slash < 0) {
    return text
  }
  const bytes = Buffer.allocUnsafe(text.length)
  let length = 0
  let from = 0
  while (slash >= 0) {
    length += text.copy(bytes, length, from, slash)
    bytes[length++] =
      ((text[slash + 1]! - 48) << 6) | ((text[slash + 2]! - 48) << 3) | (text[slash + 3]! - 48)
    from = slash + 4
    slash = text.indexOf(0x5c, from)
  }
  length += text.copy(bytes, length, from)
  return bytes.subarray(0, length)
}
