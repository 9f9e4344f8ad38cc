import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { mainFile, type TestDaemon } from './daemon.ts'
import { Terminal, type TerminalOptions } from './terminal.ts'
import { waitFor } from './wait-for.ts'

/** A call of `drover` in a terminal of its own. */
export interface AttachedTerminal {
  terminal: Terminal
  /** What `stty -a` said before, and says after; "" while it does not. */
  settings: () => { before: string; after: string }
  pid: () => number
}

/** Keeps the terminal's settings, and the pid of what is called. */
const wrapper =
  'stty -a > "$0.before"; sh -c \'echo $$ > "$0.pid"; exec "$@"\' "$0" "$@"; code=$?; stty -a > "$0.after"; exit $code'

/** Modes of a terminal as tmux knows them, and how they are in a plain one. */
export const terminalModes =
  '#{mouse_any_flag}#{mouse_sgr_flag}#{alternate_on}#{keypad_flag}#{keypad_cursor_flag}#{insert_flag}#{origin_flag} #{cursor_flag}#{wrap_flag} #{scroll_region_upper}'
export const plainTerminal = '0000000 11 0'

let calls = 0

/** Calls `drover` in a terminal; its record is kept in the folder. */
export async function callInTerminal(
  daemon: TestDaemon,
  args: readonly string[],
  { env, cwd, ...size }: Partial<TerminalOptions> & { cwd: string },
): Promise<AttachedTerminal> {
  const record = path.join(cwd, `call-${++calls}`)
  // tmux has a word of its own for this.
  const kind = `TERM=${env?.['TERM'] ?? 'screen-256color'}`
  const terminal = await Terminal.open(
    ['/bin/sh', '-c', wrapper, record, 'env', kind, process.execPath, mainFile, ...args],
    { env: { ...daemon.env, ...env }, cwd, ...size },
  )
  const read = (end: string): string => readOr(`${record}.${end}`) ?? ''
  return {
    terminal,
    settings: () => ({ before: read('before'), after: read('after') }),
    pid: () => Number(read('pid')),
  }
}

/** The same, once it is at a terminal elsewhere, and the words about the key are gone. */
export async function goToTerminal(
  ...call: Parameters<typeof callInTerminal>
): Promise<AttachedTerminal> {
  const attached = await callInTerminal(...call)
  await attached.terminal.waitFor(/^ .* leaves/m)
  await waitFor('the words to go', async () => {
    return !/^ .* leaves/m.test(await attached.terminal.read())
  })
  return attached
}

export async function typeLine(terminal: Terminal, line: string): Promise<void> {
  await terminal.type(line)
  await terminal.press('Enter')
}

export async function hasEnded({ terminal }: AttachedTerminal, code = 0): Promise<void> {
  await waitFor('the end', async () => (await terminal.exitCode()) !== null)
  expect(await terminal.exitCode()).toBe(code)
}

export async function detach(attached: AttachedTerminal): Promise<void> {
  await attached.terminal.press('C-]')
  await attached.terminal.waitFor('detached; ')
  await hasEnded(attached)
}

export function readOr(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
