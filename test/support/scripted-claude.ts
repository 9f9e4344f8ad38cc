import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { startTestDaemon, type TestDaemon, type TestDaemonOptions } from './daemon.ts'
import { createTemporaryFolder } from './temporary-folder.ts'
import { rmSync } from 'node:fs'

const script = fileURLToPath(new URL('../fixtures/scripted-claude.mjs', import.meta.url))

/** A program that takes turns as Claude Code does, and the folders in which agents of it work. */
export class ScriptedClaude implements Disposable {
  readonly #folder = createTemporaryFolder('drover-claude-')
  /** Its program, for `providers.claude.path`. */
  readonly program = path.join(this.#folder, 'claude')

  constructor() {
    writeFileSync(this.program, `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`)
    this.setAvailable(true)
  }

  /** Whether it can be started. */
  setAvailable(isAvailable: boolean): void {
    chmodSync(this.program, isAvailable ? 0o755 : 0o644)
  }

  /** Request for an agent of it, in a folder of its own by its name. */
  agent(name: string, request: Partial<RunRequestInput> = {}): RunRequestInput {
    mkdirSync(this.dirOf(name), { recursive: true })
    return { template: 'claude', name, dir: this.dirOf(name), graceMs: 2000, ...request }
  }

  dirOf(name: string): string {
    return path.join(this.#folder, name)
  }

  /** Tells what an agent does when it comes up the next time; `mode` of the script. */
  setMode(name: string, mode: string): void {
    mkdirSync(this.dirOf(name), { recursive: true })
    writeFileSync(path.join(this.dirOf(name), 'mode'), mode)
  }

  /** A message that is held is answered, and each that comes. */
  release(name: string): void {
    mkdirSync(this.dirOf(name), { recursive: true })
    writeFileSync(path.join(this.dirOf(name), 'release'), '')
  }

  /** `fresh ID` or `resumed ID` for each time it came up. */
  starts(name: string): string[] {
    return this.#lines(name, 'starts')
  }

  /** Messages it took, in order. */
  taken(name: string): string[] {
    return this.#lines(name, 'taken')
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #lines(name: string, file: string): string[] {
    const place = path.join(this.dirOf(name), file)
    return existsSync(place) ? readFileSync(place, 'utf8').trimEnd().split('\n') : []
  }
}

/** Backoff that tests can wait for, and nothing of this machine that matters. */
export const quickConfig = {
  restart: { backoffMs: 20, backoffMostMs: 50 },
  admission: { freeBytes: 0, memoryPressure: 100, cpuPressure: 100, starts: 50 },
} as const

/** A daemon whose `claude` is the scripted one. */
export async function startWithClaude(
  claude: ScriptedClaude,
  config: Record<string, unknown> = {},
  options: TestDaemonOptions = {},
): Promise<TestDaemon> {
  return await startTestDaemon({
    isLeftClean: true,
    ...options,
    config: { ...quickConfig, providers: { claude: { path: claude.program } }, ...config },
  })
}
