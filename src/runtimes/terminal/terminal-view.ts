import { DroverError } from '../../schema/error.ts'
import type {
  RunReference,
  TerminalConnection,
  TerminalOptions,
  TerminalSize,
} from '../contract.ts'
import { readExit, runFiles } from '../run-folder.ts'
import { fileSize } from '../../util/file-size.ts'
import { ControlClient, type Commands, type Reply } from './control-client.ts'
import { EventQueue } from './event-queue.ts'
import { Hearing } from './last-words.ts'
import { readNotice } from './read-notice.ts'
import { drawScreen, screenCommands, sizeOf } from './screen.ts'
import type { TmuxLine } from './tmux-line.ts'
import { typingCommands } from './typing.ts'
import { findUntold } from './untold.ts'

/** An onlooker who is further behind than this is left out of what came meanwhile, s. */
const farthestBehindSeconds = 15

/** Sizes that tmux knows. */
const largestSize = 10_000

/** What a client of an onlooker does first. */
export function attachCommand(
  run: Pick<RunReference, 'id'>,
  { isReadOnly }: Pick<TerminalOptions, 'isReadOnly'>,
): string[] {
  const behind = `pause-after=${farthestBehindSeconds}`
  const flags = isReadOnly ? `${behind},ignore-size` : behind
  return ['attach-session', '-E', '-t', `=${run.id}`, '-f', flags]
}

/**
 * One onlooker: a client of tmux of its own. What it is told is in the order of tmux's words; while
 * something has to be found out first, or the onlooker is paused, no more is read from tmux.
 */
export class TerminalView implements TerminalConnection {
  readonly #client: ControlClient
  readonly #options: TerminalOptions
  readonly #run: RunReference
  readonly #target: string
  readonly #queue: EventQueue
  readonly #hearing = new Hearing()
  /** Whoever opened it has been told so, or is about to be. */
  #isOpen = false
  /** Output was left out, or is not wanted yet: nothing counts until the next screen. */
  #isStale = true
  #size: TerminalSize | null = null

  private constructor(line: TmuxLine, run: RunReference, options: TerminalOptions) {
    this.#options = options
    this.#run = run
    this.#target = `=${run.id}:`
    this.#client = new ControlClient({
      line,
      onNotice: (notice) => this.#takeNotice(notice),
      onGone: (cause) => this.#leave(cause),
    })
    this.#queue = new EventQueue({
      onEvent: options.onEvent,
      onFlow: (isOpen) => (isOpen ? this.#client.resume() : this.#client.pause()),
    })
  }

  /** Comes to the terminal of a run, by a client that does `attachCommand`. Errors: `terminal_gone`. */
  static async open(
    line: TmuxLine,
    run: RunReference,
    options: TerminalOptions,
  ): Promise<TerminalView> {
    const view = new TerminalView(line, run, options)
    try {
      const look = ['display-message', '-p', '-t', view.#target, '#{pane_id}']
      await view.#client.ask([...view.#sizing(options.size), look], options.signal)
      view.#client.throwIfGone()
    } catch (error) {
      view.close()
      options.signal.throwIfAborted()
      throw new DroverError('terminal_gone', 'There is no such terminal any more.', {
        cause: error,
      })
    }
    view.#isOpen = true
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
    this.#queue.pause()
  }

  resume(): void {
    this.#queue.resume()
  }

  close(): void {
    this.#queue.close()
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
          this.#hearing.add(notice.bytes)
          this.#queue.push(notice)
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
    this.#queue.push({ type: 'resized', size })
    this.redraw()
  }

  #takeScreen(replies: readonly Reply[]): void {
    const { out } = runFiles(this.#run.folder)
    const size = sizeOf(replies)
    this.#isStale = false
    this.#size = size
    this.#hearing.begin(fileSize(out))
    const untold = findUntold(out)
    this.#queue.push(async () => ({
      type: 'screen',
      size,
      bytes: drawScreen(replies, await untold),
    }))
  }

  #leave(cause: string): void {
    if (!this.#isOpen) {
      return
    }
    const { folder } = this.#run
    this.#queue.push(async () => {
      const bytes = this.#isStale ? null : await this.#hearing.findRest(folder)
      return bytes && bytes.length > 0 ? { type: 'output', bytes } : null
    })
    this.#queue.push(async () => ({
      type: 'gone',
      cause: readExit(folder) ? 'its program ended' : cause,
    }))
  }
}
