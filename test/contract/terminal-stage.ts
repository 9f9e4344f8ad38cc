import { encodeStrokes, type Stroke } from '../../src/core/strokes.ts'
import type {
  Runtime,
  TerminalConnection,
  TerminalEvent,
  TerminalSize,
} from '../../src/runtimes/contract.ts'
import { fileSize } from '../../src/util/file-size.ts'
import { appendAt, runFiles } from '../../src/runtimes/run-folder.ts'
import type { RuntimeCase } from './describe-runtime.ts'
import { RuntimeStage, type StartedRun } from './runtime-stage.ts'

/** How one runtime is brought up for the suite of terminals, and what only it can do to itself. */
export interface TerminalCase extends RuntimeCase {
  /** Ends what holds the terminals, as a crash would. Left out where that ends with the run. */
  breakTerminals?(): Promise<void>
}

export const usualSize: TerminalSize = { cols: 80, rows: 24 }

/** A stage whose programs have terminals. */
export class TerminalStage extends RuntimeStage {
  readonly terminalCase: TerminalCase
  readonly #onlookers: Onlooker[] = []

  constructor(terminalCase: TerminalCase, folder: string) {
    super(terminalCase, folder)
    this.terminalCase = terminalCase
  }

  /** A shell script at a terminal. */
  async startScript(
    script: string,
    options: Parameters<RuntimeStage['start']>[1] & { args?: readonly string[] } = {},
  ): Promise<StartedRun> {
    const argv = ['/bin/sh', '-c', script, 'sh', ...(options.args ?? [])] as const
    return await this.start(argv, { terminal: usualSize, ...options })
  }

  /** Appends strokes to the run's input and rings, as the daemon does. */
  stroke({ run }: Pick<StartedRun, 'run'>, ...strokes: Stroke[]): void {
    this.write(run, encodeStrokes(strokes))
  }

  /** Appends bytes of strokes and rings nobody. */
  append({ run }: Pick<StartedRun, 'run'>, text: string): void {
    appendAt(runFiles(run.folder).in, fileSize(runFiles(run.folder).in), Buffer.from(text))
  }

  /** Resolves once this was said somewhere. */
  async heard({ run }: Pick<StartedRun, 'run'>, text: string): Promise<void> {
    await this.until(JSON.stringify(text.slice(0, 100)), () => this.output(run).includes(text))
  }

  async look(
    started: StartedRun,
    {
      size = usualSize,
      isReadOnly = false,
      runtime = this.runtime,
    }: { size?: TerminalSize; isReadOnly?: boolean; runtime?: Runtime } = {},
  ): Promise<Onlooker> {
    const onlooker = new Onlooker(this)
    const connection = await runtime.openTerminal?.(started.run, started.handle, {
      size,
      isReadOnly,
      onEvent: (event) => onlooker.take(event),
      signal: this.signal,
    })
    if (!connection) {
      throw new Error(`${runtime.name} has no terminals.`)
    }
    onlooker.connection = connection
    this.#onlookers.push(onlooker)
    await onlooker.until('a screen', () => onlooker.size !== null)
    return onlooker
  }

  override async close(): Promise<void> {
    this.#onlookers.forEach(({ connection }) => connection?.close())
    await super.close()
  }
}

/** Somebody at a terminal, and all they were told. */
export class Onlooker {
  connection!: TerminalConnection
  readonly types: TerminalEvent['type'][] = []
  /** Bytes since the last screen, with those of the screen first. */
  drawn: Buffer[] = []
  /** Bytes of output in all. */
  outputBytes = 0
  size: TerminalSize | null = null
  screens = 0
  cause: string | null = null
  readonly #stage: TerminalStage

  constructor(stage: TerminalStage) {
    this.#stage = stage
  }

  take(event: TerminalEvent): void {
    if (!this.connection) {
      throw new Error('An event came before the connection.')
    }
    if (this.types.at(-1) !== event.type) {
      this.types.push(event.type)
    }
    switch (event.type) {
      case 'screen':
        this.drawn = [Buffer.from(event.bytes)]
        this.size = event.size
        this.screens++
        return
      case 'output':
        this.drawn.push(Buffer.from(event.bytes))
        this.outputBytes += event.bytes.length
        return
      case 'resized':
        this.size = event.size
        return
      case 'gone':
        this.cause = event.cause
    }
  }

  get bytes(): Buffer {
    return Buffer.concat(this.drawn)
  }

  type(text: string | Buffer): void {
    this.connection.write(Buffer.from(text as string))
  }

  async sees(text: string): Promise<void> {
    await this.until(JSON.stringify(text.slice(0, 100)), () =>
      this.bytes.toString('utf8').includes(text),
    )
  }

  async hasSize({ cols, rows }: TerminalSize): Promise<void> {
    await this.until(
      `a size of ${cols}×${rows}`,
      () => this.size?.cols === cols && this.size.rows === rows,
    )
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    await this.#stage.until(what, condition)
  }
}
