import type {
  TerminalEvent,
  TerminalOptions,
  TerminalSize,
  TerminalStream,
} from '../../client/index.ts'
import { connectAgain, isUnreachable } from '../../client/resuming-stream.ts'
import type { AgentStatus } from '../../schema/agent.ts'
import type { Invocation } from '../invocation.ts'
import { oneLine } from '../plain-text.ts'
import { startSpinner, type Spinner } from '../spinner.ts'
import type { DetachKey } from './detach-key.ts'
import { KeyScanner } from './key-scanner.ts'
import { LocalTerminal, type DrawnScreen } from './local-terminal.ts'

/** Which terminal, and how it is come to. */
export interface VisitOptions {
  /** For people: who goes on when they leave. */
  name: string
  /** For people: what the window shows. */
  title: string
  /** Comes to it; again when the connection was lost. */
  open: (options: TerminalOptions) => Promise<TerminalStream>
  /** What leaves; null: nothing does. */
  key: DetachKey | null
  isReadOnly: boolean
  signal: AbortSignal
}

export type VisitEnd =
  /** The person left. */
  | { how: 'left' }
  /** No program is there any more, and none is to come. */
  | { how: 'down'; status: AgentStatus; cause: string | null; wasUp: boolean }
  /** The terminal is gone for good. */
  | { how: 'over'; cause: string | null }

/** Who is so will not be up in a moment. */
const downStatuses: ReadonlySet<AgentStatus> = new Set(['asleep', 'stopped', 'failed', 'parked'])

/** How long it is waited whether somebody who is down comes up after all, ms. */
const downMs = 500
/** How long the line that names the key can be read at first, ms; a key that is pressed ends it. */
const hintMs = 1200
/** A screen that can't be followed exactly is drawn anew once so much time passed in which it changed, ms. */
const mendMs = 120
/** Sizes that follow on each other faster are told once, ms. */
const resizeMs = 50

const interrupt = 0x03

/** The person's terminal becomes the one elsewhere, until they leave or it is gone. */
export async function visitTerminal(
  invocation: Invocation,
  stream: TerminalStream,
  options: VisitOptions,
): Promise<VisitEnd> {
  return await new Visit(invocation, stream, options).run()
}

class Visit {
  readonly #invocation: Invocation
  readonly #options: VisitOptions
  readonly #local: LocalTerminal
  readonly #scanner: KeyScanner
  readonly #end = Promise.withResolvers<VisitEnd>()
  readonly #ending = new AbortController()
  readonly #how: string
  readonly #hintUntil = performance.now() + hintMs
  #stream: TerminalStream
  #spinner: Spinner | null = null
  /** The program's screen is shown, and what is typed reaches it. */
  #isUp = false
  #wasUp = false
  /** How the agent is, as it was told last. */
  #status: Pick<Extract<TerminalEvent, { type: 'status' }>, 'status' | 'cause'> | null = null
  /** Why the terminal was gone, when it was last. */
  #goneCause: string | null = null
  /** What is drawn there is not to be drawn over: a screen is to come. */
  #isCovered = false
  /** Size of the terminal elsewhere. */
  #size: TerminalSize | null = null
  #leaving: NodeJS.Timeout | undefined
  #resizing: NodeJS.Timeout | undefined
  #hinting: NodeJS.Timeout | undefined
  #mending: NodeJS.Timeout | undefined

  constructor(invocation: Invocation, stream: TerminalStream, options: VisitOptions) {
    const { name, title, key, isReadOnly } = options
    this.#invocation = invocation
    this.#stream = stream
    this.#options = options
    const leaving = key === null ? 'No key leaves' : `${key.label} leaves`
    this.#how = isReadOnly ? `${leaving}, all others do nothing` : leaving
    invocation.output.note(invocation.output.colors.dim(`${this.#how}; ${name} goes on.`))
    this.#local = new LocalTerminal(invocation.context, {
      title: `${title} · ${leaving}`,
      onInput: (bytes) => this.#scanner.push(bytes),
      onResize: () => this.#resize(),
      onEnd: () => this.#leave(),
    })
    this.#scanner = new KeyScanner({
      key,
      onKeys: (keys) => this.#type(keys),
      onDetach: () => this.#leave(),
    })
  }

  async run(): Promise<VisitEnd> {
    process.on('SIGHUP', this.#leave)
    this.#wait('coming to')
    try {
      return await Promise.race([this.#end.promise, this.#follow()])
    } finally {
      this.#ending.abort()
      process.off('SIGHUP', this.#leave)
      clearTimeout(this.#leaving)
      clearTimeout(this.#resizing)
      clearTimeout(this.#hinting)
      clearTimeout(this.#mending)
      this.#scanner.close()
      this.#spinner?.stop()
      this.#local.close()
      this.#stream.close()
    }
  }

  readonly #leave = (): void => this.#end.resolve({ how: 'left' })

  async #follow(): Promise<VisitEnd> {
    const { open, isReadOnly } = this.#options
    const signal = AbortSignal.any([this.#options.signal, this.#ending.signal])
    while (true) {
      try {
        for await (const event of this.#stream) {
          await this.#take(event)
        }
        return { how: 'over', cause: this.#goneCause }
      } catch (error) {
        if (signal.aborted || !isUnreachable(error)) {
          throw error
        }
      }
      this.#rest('the daemon is away; trying to come back to')
      const { size } = this.#local
      const again = (): Promise<TerminalStream> => open({ size, isReadOnly, isBack: true, signal })
      this.#stream = await connectAgain(again, { signal })
    }
  }

  async #take(event: TerminalEvent): Promise<void> {
    switch (event.type) {
      case 'screen':
        return await this.#draw(event)
      case 'output':
        return await this.#show(event.bytes)
      case 'resized':
        this.#size = event.size
        return this.#mend()
      case 'gone':
        this.#goneCause = event.cause
        this.#rest('its program ended; waiting for')
        return this.#lookDown()
      case 'status':
        this.#status = event
        return this.#lookDown()
    }
  }

  /** While no program is there: whether one is to come. */
  #lookDown(): void {
    clearTimeout(this.#leaving)
    if (this.#isUp || !this.#status) {
      return
    }
    const { status, cause } = this.#status
    if (downStatuses.has(status)) {
      const end: VisitEnd = { how: 'down', status, cause, wasUp: this.#wasUp }
      this.#leaving = setTimeout(() => this.#end.resolve(end), downMs)
    } else if (status === 'waking') {
      this.#wait('waking', cause)
    } else if (status === 'stopping') {
      this.#wait('ending', cause)
    }
  }

  /** No program is there: the terminal is ours for the time. */
  #rest(doing: string): void {
    this.#isUp = this.#isCovered = false
    clearTimeout(this.#hinting)
    this.#hinting = undefined
    this.#local.rest()
    this.#wait(doing)
  }

  #wait(doing: string, cause: string | null = null): void {
    const why = cause === null ? '' : `: ${oneLine(cause)}`
    const text = `${doing} ${this.#options.name}${why}`
    this.#spinner ??= startSpinner(this.#invocation.context, text)
    this.#spinner.say(text)
  }

  async #draw(screen: DrawnScreen): Promise<void> {
    const isFirst = !this.#wasUp
    this.#spinner?.stop()
    this.#spinner = null
    clearTimeout(this.#leaving)
    clearTimeout(this.#mending)
    clearTimeout(this.#hinting)
    this.#mending = this.#hinting = undefined
    this.#isCovered = false
    this.#isUp = this.#wasUp = true
    this.#size = screen.size
    await this.#local.draw(screen)
    const leftMs = this.#hintUntil - performance.now()
    if (isFirst && leftMs > 0) {
      this.#isCovered = true
      this.#local.cover(` ${this.#how} `)
      this.#hinting = setTimeout(() => this.#uncover(), leftMs)
    }
  }

  async #show(output: Uint8Array): Promise<void> {
    const { cols, rows } = this.#local.size
    const size = this.#size ?? { cols, rows }
    const isLarger = size.cols > cols || size.rows > rows
    if (this.#isUp && !this.#isCovered && !isLarger) {
      await this.#local.show(output)
    }
    if (isLarger || size.cols < cols) {
      // Lines wrap elsewhere than here.
      this.#mend()
    }
  }

  /** Asks for the screen, not too often. */
  #mend(): void {
    this.#mending ??= setTimeout(() => {
      this.#mending = undefined
      this.#stream.redraw()
    }, mendMs)
  }

  /** The line with the key was read. What the screen says without it comes at once. */
  #uncover(): void {
    if (this.#hinting) {
      clearTimeout(this.#hinting)
      this.#hinting = undefined
      this.#stream.redraw()
    }
  }

  #type(keys: Uint8Array): void {
    this.#uncover()
    if (this.#isUp && !this.#options.isReadOnly) {
      this.#stream.write(keys)
    } else if (keys.length === 1 && keys[0] === interrupt) {
      // Nobody else is there to take it.
      this.#leave()
    }
  }

  #resize(): void {
    this.#resizing ??= setTimeout(() => {
      this.#resizing = undefined
      this.#stream.resize(this.#local.size)
      this.#mend()
    }, resizeMs)
  }
}
