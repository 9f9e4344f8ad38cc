import type { SplitOutput } from '../core/split-lines.ts'
import type { Stream } from '../providers/contract.ts'
import { runFiles } from '../runtimes/run-folder.ts'
import type { AgentSpec } from '../schema/agent.ts'
import type { RunRow } from '../store/index.ts'
import { fileSize } from '../util/file-size.ts'
import type { DaemonContext } from './context.ts'
import { OutputFile } from './output-file.ts'
import { transcriptFolders } from './transcript-folders.ts'

/** Lines of one of the files. */
export interface Portion extends SplitOutput {
  stream: Stream
}

/** The order in which what is there at the same time is read. */
const streams = ['out', 'err', 'transcript', 'notes'] as const satisfies readonly Stream[]

export interface RunOutputOptions {
  context: Pick<DaemonContext, 'home' | 'runtimes' | 'log'>
  run: RunRow
  spec: AgentSpec
  folder: string
  /** `out` is not read. */
  isBlind: boolean
}

/** All that a run's program says, in the files in which it says it; each is read by offset. */
export class RunOutput {
  readonly #files = new Map<Stream, OutputFile>()
  readonly #offsets: Record<Stream, number>
  /** The screen, where it is not read: only its size is known. */
  readonly #screen: string | null

  readonly #options: RunOutputOptions
  #replaced: Stream | null = null

  constructor(options: RunOutputOptions) {
    const { run, folder, isBlind } = options
    const files = runFiles(folder)
    this.#options = options
    this.#screen = isBlind ? files.out : null
    this.#offsets = {
      out: run.out_bytes,
      err: run.err_bytes,
      notes: run.notes_bytes,
      transcript: run.transcript_bytes,
    }
    if (!isBlind) {
      this.#files.set('out', new OutputFile(files.out, run.out_bytes))
    }
    this.#files.set('err', new OutputFile(files.err, run.err_bytes))
    if (run.is_terminal === 1) {
      this.#files.set('notes', new OutputFile(files.notes, run.notes_bytes))
    }
    if (run.transcript !== null) {
      this.readTranscript(run.transcript, run.transcript_bytes)
    }
  }

  /** How far each file was read, bytes. */
  get offsets(): Readonly<Record<Stream, number>> {
    return this.#offsets
  }

  /** The transcript is there: it is read from the offset on. */
  readTranscript(file: string, offset: number): void {
    const { context, run, spec } = this.#options
    const within = transcriptFolders(context, run, spec)
    this.#files.get('transcript')?.close()
    this.#files.set('transcript', new OutputFile(file, offset, within))
    this.#offsets.transcript = offset
  }

  /** Whole lines from the offsets on; none at the end. `mustTake`: no more will come. Moves no offset. */
  read(mustTake: boolean): Portion[] {
    const portions: Portion[] = []
    for (const stream of streams) {
      const split = this.#files.get(stream)?.read(mustTake)
      if (split) {
        portions.push({ ...split, stream })
      }
    }
    this.#tellReplaced()
    return portions
  }

  /** Once: a file in whose place its program put something else is not read. */
  #tellReplaced(): void {
    const replaced = streams.find((stream) => this.#files.get(stream)?.isReplaced) ?? null
    if (replaced !== null && replaced !== this.#replaced) {
      const { context, run } = this.#options
      context.log.warn(
        { run: run.id, stream: replaced },
        'a program put something else in the place of its output; that is not read',
      )
    }
    this.#replaced = replaced
  }

  /** The offsets behind these portions. */
  behind(portions: readonly Portion[]): Record<Stream, number> {
    const offsets = { ...this.#offsets }
    for (const { stream, bytes } of portions) {
      offsets[stream] += bytes
    }
    return offsets
  }

  /** These portions are committed. */
  advance(portions: readonly Portion[]): void {
    for (const { stream, bytes } of portions) {
      this.#offsets[stream] += bytes
      const file = this.#files.get(stream)
      if (file) {
        file.offset += bytes
      }
    }
  }

  /** What the screen grew by since it was passed over last, bytes; 0 where it is read. */
  get unreadScreenBytes(): number {
    return this.#screen === null ? 0 : Math.max(0, fileSize(this.#screen) - this.#offsets.out)
  }

  passOver(bytes: number): void {
    this.#offsets.out += bytes
  }

  close(): void {
    for (const file of this.#files.values()) {
      file.close()
    }
  }
}
