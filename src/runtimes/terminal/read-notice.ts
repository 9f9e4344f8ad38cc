import type { TerminalSize } from '../contract.ts'
import { unescape } from './screen.ts'

/** What a client in control mode is told that an onlooker wants to know. */
export type Notice =
  | { type: 'output'; bytes: Buffer }
  /** Output of the pane is left out until the client asks for it to go on. */
  | { type: 'behind'; pane: string }
  | { type: 'layout'; size: TerminalSize }

const space = 0x20
const colon = 0x3a

/** Reads a notification; null for one of no interest. Source: tmux(1), "Control mode". */
export function readNotice(line: Buffer): Notice | null {
  const end = line.indexOf(space)
  switch (line.toString('latin1', 0, end < 0 ? line.length : end)) {
    case '%output':
      return { type: 'output', bytes: unescape(line.subarray(line.indexOf(space, end + 1) + 1)) }
    case '%extended-output':
      // Pane and age come first, then what later versions may add, then a colon.
      return { type: 'output', bytes: unescape(line.subarray(line.indexOf(colon, end) + 2)) }
    case '%pause':
      return { type: 'behind', pane: line.toString('latin1', end + 1) }
    case '%layout-change': {
      const [, , , layout = ''] = /^(\S+ \S+ )(\w+,)(\S+)/.exec(line.toString('latin1')) ?? []
      const [, cols, rows] = /^(\d+)x(\d+)/.exec(layout) ?? []
      return cols && rows
        ? { type: 'layout', size: { cols: Number(cols), rows: Number(rows) } }
        : null
    }
    default:
      return null
  }
}
