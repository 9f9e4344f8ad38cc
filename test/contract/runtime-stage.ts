import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import type {
  Exit,
  Handle,
  Recovery,
  RunReference,
  Runtime,
  TerminalSize,
} from '../../src/runtimes/contract.ts'
import type { AgentLimits } from '../../src/schema/agent-limits.ts'
import { fileSize } from '../../src/util/file-size.ts'
import { appendAt, createRunFolder, readExit, runFiles } from '../../src/runtimes/run-folder.ts'
import { createId } from '../../src/util/id.ts'
import { waitUntil } from '../../src/util/wait.ts'
import type { RuntimeCase } from './describe-runtime.ts'

/** What machines under load may take for anything at all, ms. */
const deadlineMs = 30_000

export interface StartedRun {
  run: RunReference
  handle: Handle
}

/** One test's runtime, with everything it started; `close` releases all of it and looks whether it is gone. */
export class RuntimeStage {
  readonly runtime: Runtime
  readonly case: RuntimeCase
  readonly folder: string
  /** Every test is a home of its own. */
  readonly instance = createId('home')
  readonly signal = AbortSignal.timeout(deadlineMs * 2)
  readonly #runs = new Map<string, { run: RunReference; handle: Handle | null }>()

  constructor(runtimeCase: RuntimeCase, folder: string) {
    this.case = runtimeCase
    this.runtime = runtimeCase.createRuntime()
    this.folder = folder
  }

  /** A run of which only the intent is on record. */
  prepare(instance = this.instance, runs = path.join(this.folder, 'runs')): RunReference {
    const id = createId('run')
    const run = { id, instance, folder: path.join(runs, id) }
    createRunFolder(run.folder)
    this.#runs.set(id, { run, handle: null })
    return run
  }

  async start(
    argv: readonly [string, ...string[]],
    {
      env = {},
      cwd = this.folder,
      run = this.prepare(),
      limits,
      terminal,
    }: {
      env?: Record<string, string>
      cwd?: string
      run?: RunReference
      limits?: AgentLimits
      terminal?: TerminalSize
    } = {},
  ): Promise<StartedRun> {
    const box = this.case.boxOf?.(run, this.folder)
    const handle = await this.runtime.start(
      {
        run,
        argv,
        env: { PATH: '/usr/bin:/bin', ...env },
        cwd,
        ...(limits ? { limits, reservedBytes: 0 } : {}),
        ...(terminal ? { terminal } : {}),
        ...(box ? { box } : {}),
      },
      this.signal,
    )
    this.#runs.set(run.id, { run, handle })
    return { run, handle }
  }

  /** Appends to the program's input and rings, as the daemon does. */
  write(run: RunReference, text: string | Buffer): void {
    const bytes = Buffer.from(text)
    appendAt(runFiles(run.folder).in, fileSize(runFiles(run.folder).in), bytes)
    this.runtime.notifyInput(run, bytes.length)
  }

  output(run: RunReference): string {
    return readFileSync(runFiles(run.folder).out, 'utf8')
  }

  /** Resolves once the program has said this much in all. */
  async said(run: RunReference, text: string): Promise<void> {
    const wanted = Buffer.byteLength(text)
    const { out } = runFiles(run.folder)
    await this.until(`output of ${wanted} bytes`, () => fileSize(out) >= wanted)
    const said = this.output(run)
    // Not `toBe` on megabytes: nobody reads that difference.
    expect(said === text ? 'as wanted' : said.slice(0, 2000)).toBe('as wanted')
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    if (!(await waitUntil(condition, { deadlineMs }))) {
      throw new Error(`${what}: not within ${deadlineMs} ms`)
    }
  }

  /** The ending on record, once there is one. */
  async ended(run: RunReference): Promise<Exit> {
    await this.until('an ending on record', () => readExit(run.folder) !== null)
    return readExit(run.folder) as Exit
  }

  async dead(handle: Handle): Promise<void> {
    await this.until(
      'a dead handle',
      async () => (await this.runtime.inspect(handle, this.signal)) === 'dead',
    )
  }

  async recover(run: RunReference, handle: Handle | null): Promise<Recovery> {
    // As from the database: plain JSON.
    return await this.runtime.recover(
      run,
      handle && (JSON.parse(JSON.stringify(handle)) as Handle),
      this.signal,
    )
  }

  async stop(
    { run, handle }: StartedRun,
    times: { askMs?: number; graceMs?: number } = {},
  ): Promise<void> {
    await this.runtime.stop(run, handle, {
      askMs: 0,
      graceMs: 10_000,
      signal: this.signal,
      ...times,
    })
  }

  /** What lives of a run, by the mark it carries. */
  async living(run: RunReference): Promise<string[]> {
    const found = await this.runtime.list(run.instance, this.signal)
    return found.filter((each) => each.run === run.id).map(({ what }) => what)
  }

  async close(): Promise<void> {
    for (const { run, handle } of this.#runs.values()) {
      await this.runtime.destroy(run, handle, this.signal)
      const box = this.case.boxOf?.(run, this.folder)
      if (box) {
        await this.runtime.forget?.(box.agent, this.signal)
      }
    }
    expect((await this.runtime.listKept?.(this.instance, this.signal)) ?? []).toEqual([])
    const left = await this.runtime.list(this.instance, this.signal)
    rmSync(this.folder, { recursive: true, force: true })
    expect(left).toEqual([])
  }
}
