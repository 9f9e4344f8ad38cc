import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { waitFor } from './wait-for.ts'

export interface TerminalOptions {
  env: Record<string, string>
  cwd: string
  columns?: number
  rows?: number
}

/** Runs a program, then shows its exit code and stays. tmux itself does not always learn the code. */
const wrapper = 'trap : INT; "$@"; echo "exit code $?"; exec sleep 1000'

/** A real terminal with a program in it, on a tmux server of its own. */
export class Terminal implements AsyncDisposable {
  readonly #socket = `drover-test-${randomBytes(6).toString('hex')}`

  static async open(
    argv: readonly string[],
    { env, cwd, columns = 110, rows = 40 }: TerminalOptions,
  ): Promise<Terminal> {
    const terminal = new Terminal()
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    await terminal.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-s',
      'test',
      '-x',
      String(columns),
      '-y',
      String(rows),
      '-c',
      cwd,
      ...variables,
      '/bin/sh',
      '-c',
      wrapper,
      'sh',
      ...argv,
    )
    return terminal
  }

  /** What the screen shows, without colours, and what has scrolled off. */
  async read(): Promise<string> {
    return await this.#tmux('capture-pane', '-p', '-S', '-2000', '-t', '=test:')
  }

  /** Resolves once the screen shows this. */
  async waitFor(text: string | RegExp, deadlineMs = 60_000): Promise<string> {
    let screen = ''
    const isShown = async (): Promise<boolean> => {
      screen = await this.read()
      return typeof text === 'string' ? screen.includes(text) : text.test(screen)
    }
    await waitFor(`the screen to show ${String(text)}`, isShown, deadlineMs).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\nThe screen was:\n${screen}`, { cause: error })
      },
    )
    return screen
  }

  /** Presses keys, as tmux names them: `C-c`, `Enter`. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', '-t', '=test:', ...keys)
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', '-t', '=test:', text)
  }

  /** Pastes text, with the marks around it that the program asked for. */
  async paste(text: string): Promise<void> {
    await this.#tmux('set-buffer', text)
    await this.#tmux('paste-buffer', '-p', '-r', '-t', '=test:')
  }

  async resize(columns: number, rows: number): Promise<void> {
    const size = ['-x', String(columns), '-y', String(rows)]
    await this.#tmux('resize-window', '-t', '=test:', ...size)
  }

  /** What tmux says of the terminal: `#{mouse_any_flag} #{alternate_on}`. */
  async ask(format: string): Promise<string> {
    return (await this.#tmux('display-message', '-p', '-t', '=test:', format)).trimEnd()
  }

  /** Types bytes as they are, such as what a mouse tells. */
  async typeBytes(bytes: Uint8Array): Promise<void> {
    const codes = [...bytes].map((byte) => byte.toString(16))
    await this.#tmux('send-keys', '-t', '=test:', '-H', ...codes)
  }

  /** Pastes the text of a file, however long it is. */
  async pasteFile(file: string): Promise<void> {
    await this.#tmux('load-buffer', file)
    await this.#tmux('paste-buffer', '-p', '-r', '-t', '=test:')
  }

  /** The row that the cursor is in. */
  async readCursorLine(): Promise<string> {
    const place = await this.#tmux('display-message', '-p', '-t', '=test:', '#{cursor_y}')
    const row = place.trim()
    return (await this.#tmux('capture-pane', '-p', '-S', row, '-E', row, '-t', '=test:')).trimEnd()
  }

  /** The program's exit code; null while it runs. */
  async exitCode(): Promise<number | null> {
    const code = /^exit code (\d+)$/m.exec(await this.read())?.[1]
    return code === undefined ? null : Number(code)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined)
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('tmux', ['-L', this.#socket, ...args], {
      env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', TERM: 'xterm-256color' },
    })
    return stdout
  }
}
