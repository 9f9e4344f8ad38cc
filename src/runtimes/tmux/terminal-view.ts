import { DroverError } from '../../schema/error.ts'
import type {
  RunReference,
  TerminalConnection,
  TerminalEvent,
  TerminalOptions,
  TerminalSize,
} from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import { ControlClient, type Commands, type Reply } from './control-client.ts'
import { readNotice } from './read-notice.ts'
import { drawScreen, screenCommands } from './screen.ts'
import type { TmuxServer } from './server.ts'
import { typingCommands } from './typing.ts'
import { findUntold } from './untold.ts'

/** An onlooker who is further behind than this is left out of what came meanwhile, s. */
const farthestBehindSeconds = 15

/** Sizes that tmux knows. */
const largestSize = 10_000

/**
 * One onlooker: a client of tmux of its own. What it is told is in the order of tmux's words; while
 * something has to be found out first, or the onlooker is paused, no more is read from tmux.
 */
export class TerminalView implements TerminalConnection {
  readonly #client: ControlClient
  readonly #options: TerminalOptions
  readonly #run: RunReference
  readonly #target: string
  /** What could not be told yet. */
  readonly #waiting: (TerminalEvent | Promise<TerminalEvent>)[] = []
  #isTelling = false
  #isPaused = false
  #isClosed = false
  /** Output was left out, or is not wanted yet: nothing counts until the next screen. */
  #isStale = true
  #size: TerminalSize | null = null

  private constructor(server: TmuxServer, run: RunReference, options: TerminalOptions) {
    this.#options = options
    this.#run = run
    this.#target = `=${run.id}:`
    const flags = [
      `pause-after=${farthestBehindSeconds}`,
      ...(options.isReadOnly ? ['ignore-size'] : []),
    ]
    this.#client = server.createClient({
      command: [['attach-session', '-E', '-t', `=${run.id}`, '-f', flags.join(',')]],
      onNotice: (line) => this.#takeNotice(line),
      onGone: (cause) => this.#leave(cause),
    })
  }

  /** Comes to the terminal of a run. Errors: `terminal_gone`. */
  static async open(
    server: TmuxServer,
    run: RunReference,
    options: TerminalOptions,
  ): Promise<TerminalView> {
    const view = new TerminalView(server, run, options)
    try {
      const look = ['display-message', '-p', '-t', view.#target, '#{pane_id}']
      await view.#client.ask([...view.#sizing(options.size), look], options.signal)
    } catch (error) {
      view.close()
      options.signal.throwIfAborted()
      throw new DroverError('terminal_gone', 'There is no such terminal any more.', {
        cause: error,
      })
    }
    view.redraw()
    return view
  }

  write(bytes: Uint8Array): void {
    if (!this.#options.isReadOnly) {
      for (const commands of typingCommands(this.#target, Buffer.from(bytes))) {
        this.#do(commands)
      }
    }
  }

  resize(size: TerminalSize): void {
    const commands = this.#sizing(size)
    if (commands.length > 0) {
      this.#do(commands)
    }
  }

  redraw(): void {
    this.#client.request(screenCommands(this.#target), {
      onReplies: (replies) => this.#takeScreen(replies),
      onError: () => undefined,
    })
  }

  pause(): void {
    this.#isPaused = true
    this.#client.pause()
  }

  resume(): void {
    this.#isPaused = false
    void this.#tellWaiting()
  }

  close(): void {
    this.#isClosed = true
    this.#client.close()
  }

  #sizing({ cols, rows }: TerminalSize): Commands {
    const fit = (count: number): number => Math.min(Math.max(Math.trunc(count), 1), largestSize)
    return this.#options.isReadOnly ? [] : [['refresh-client', '-C', `${fit(cols)}x${fit(rows)}`]]
  }

  /** A refusal shows in what happens: the terminal is gone. */
  #do(commands: Commands): void {
    this.#client.request(commands, { onReplies: () => undefined, onError: () => undefined })
  }

  #takeNotice(line: Buffer): void {
    const notice = readNotice(line)
    switch (notice?.type) {
      case 'output':
        if (!this.#isStale) {
          this.#tell(notice)
        }
        return
      case 'behind':
        this.#isStale = true
        this.#do([['refresh-client', '-A', `${notice.pane}:continue`]])
        return this.redraw()
      case 'layout':
        return this.#takeSize(notice.size)
      default:
    }
  }

  #takeSize(size: TerminalSize): void {
    if (!this.#size || (size.cols === this.#size.cols && size.rows === this.#size.rows)) {
      return
    }
    this.#size = size
    this.#tell({ type: 'resized', size })
    this.redraw()
  }

  #takeScreen(replies: readonly Reply[]): void {
    this.#isStale = false
    const draw = async (): Promise<TerminalEvent> => {
      const { size, bytes } = drawScreen(replies, await findUntold(runFiles(this.#run.folder).out))
      this.#size = size
      return { type: 'screen', size, bytes }
    }
    this.#tell(draw())
  }

  #leave(cause: string): void {
    this.#tell({ type: 'gone', cause })
  }

  #tell(event: TerminalEvent | Promise<TerminalEvent>): void {
    if (this.#waiting.length === 0 && !this.#isTelling && !this.#isPaused && 'type' in event) {
      return this.#hand(event)
    }
    this.#waiting.push(event)
    this.#client.pause()
    void this.#tellWaiting()
  }

  async #tellWaiting(): Promise<void> {
    if (this.#isTelling) {
      return
    }
    this.#isTelling = true
    while (!this.#isPaused && this.#waiting.length > 0) {
      const event = await this.#waiting[0]
      if (this.#isPaused || !event) {
        break
      }
      this.#waiting.shift()
      this.#hand(event)
    }
    this.#isTelling = false
    if (!this.#isPaused && this.#waiting.length === 0) {
      this.#client.resume()
    }
  }

  #hand(event: TerminalEvent): void {
    if (!this.#isClosed) {
      this.#isClosed = event.type === 'gone'
      this.#options.onEvent(event)
    }
  }
}
