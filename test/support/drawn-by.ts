import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { waitUntil } from '../../src/util/wait.ts'

/** What is on a terminal, as far as one can see it. */
export interface Drawn {
  lines: string
  covered: string
  state: string
}

const facts = [
  'cursor_x,cursor_y,cursor_flag,alternate_on,insert_flag,keypad_flag,keypad_cursor_flag',
  'origin_flag,wrap_flag,scroll_region_upper,scroll_region_lower,pane_tabs',
  'mouse_standard_flag,mouse_button_flag,mouse_all_flag,mouse_sgr_flag,mouse_utf8_flag',
]
  .join()
  .split(',')

/** What bytes draw on a fresh terminal of this size: one of a tmux of its own. */
export async function drawnBy(
  bytes: Buffer,
  { cols, rows }: { cols: number; rows: number },
): Promise<Drawn> {
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-drawn-'))
  const file = path.join(folder, 'bytes')
  const done = path.join(folder, 'done')
  writeFileSync(file, bytes)
  const tmux = async (...words: string[]): Promise<string> => {
    const argv = ['-S', path.join(folder, 'sock'), '-f', '/dev/null', '-u', ...words]
    return (await promisify(execFile)('tmux', argv, { maxBuffer: 1e9 })).stdout
  }
  // The terminal answers once it has taken everything before the question.
  const script =
    'stty raw -echo; cat "$1"; printf "\\033[5n"; head -c 4 >"$2.new"; mv "$2.new" "$2"; exec sleep 1000'
  try {
    const settings = 'set-option -g status off ; set-option -g history-limit 2000 ;'
    const session = `new-session -d -s a -x ${cols} -y ${rows} -- /bin/sh -c`
    await tmux(...settings.split(' '), ...session.split(' '), script, 'sh', file, done)
    if (!(await waitUntil(() => existsSync(done), { deadlineMs: 30_000 }))) {
      throw new Error('The terminal took no more.')
    }
    const format = facts.map((fact) => `${fact}=#{${fact}}`).join(' ')
    const capture = ['capture-pane', '-p', '-e', '-N', '-t', '=a:']
    const isCovered =
      (await tmux('display-message', '-p', '-t', '=a:', '#{alternate_on}')) === '1\n'
    return {
      state: await tmux('display-message', '-p', '-t', '=a:', format),
      lines: withoutBlanks(await tmux(...capture, '-S', '-')),
      covered: isCovered ? withoutBlanks(await tmux(...capture, '-a')) : '',
    }
  } finally {
    await tmux('kill-server').catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Without blanks behind what is written in no colour: there is nothing to see of them. */
function withoutBlanks(lines: string): string {
  return lines.replaceAll(/^([^\u001b\n]*?) +$/gm, '$1')
}
