import { appendFileSync, closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import type { Launch } from '../contract.ts'
import { fileSize } from '../../util/file-size.ts'
import { runFiles } from '../run-folder.ts'
import { FakeTerminal } from './terminal.ts'
import { fakePrograms, type Program, type ProgramContext } from './programs.ts'

/** A process of the machine. The leader of a run reads its input and records its ending. */
export interface FakeProcess {
  readonly pid: number
  readonly startTime: string
  readonly launch: Launch
  readonly name: string
  readonly isLeader: boolean
  /** How often its run was suspended and resumed, together: at rest where that is odd. */
  readonly moves: number
}

interface LiveProcess extends FakeProcess {
  program: Program
  context: ProgramContext
  inOffset: number
  moves: number
  terminal: FakeTerminal | null
}

/** Above every pid that a system gives, so that none of ours names a real process. */
const firstPid = 5_000_000

/** What a shell exits with when there is no such program. */
const notFound = 127

/**
 * The machine that a FakeRuntime works on. It outlives the runtime, as a real machine outlives a
 * daemon: give the same one to the next FakeRuntime. Its programs act in-process, at once, and
 * over the same files as everywhere; there is no clock in it.
 */
export class FakeMachine {
  readonly #processes = new Map<number, LiveProcess>()
  #boots = 1
  #lastPid = firstPid

  get bootId(): string {
    return `boot-${this.#boots}`
  }

  get processes(): readonly FakeProcess[] {
    return [...this.#processes.values()]
  }

  find(pid: number): FakeProcess | undefined {
    return this.#processes.get(pid)
  }

  processesOf(runId: string): FakeProcess[] {
    return this.processes.filter(({ launch }) => launch.run.id === runId)
  }

  /** A pid that names nobody: somebody began and ended at once. */
  takePid(): number {
    return ++this.#lastPid
  }

  /** The terminal of a run's leader; null where it has none, or is gone. */
  terminalOf(runId: string): FakeTerminal | null {
    return this.#leaderOf(runId)?.terminal ?? null
  }

  /** Brings up the leader of a run, which looks at the input that is there already. */
  bringUp(launch: Launch, pid: number): FakeProcess {
    const process = this.#spawn(launch, { pid, argv: launch.argv, isLeader: true })
    this.feed(launch.run.id)
    return process
  }

  /** New bytes of the input, if there are any, go to the run's leader. */
  feed(runId: string): void {
    const leader = this.#leaderOf(runId)
    if (!leader || isResting(leader)) {
      return
    }
    const bytes = readFrom(runFiles(leader.launch.run.folder).in, leader.inOffset)
    leader.inOffset += bytes.length
    const told = leader.terminal ? keysOf(bytes) : bytes
    if (told.length > 0) {
      leader.program.input?.(told, leader.context)
    }
  }

  /** The rest of the input, then its end. */
  endInput(runId: string): void {
    this.feed(runId)
    const leader = this.#leaderOf(runId)
    if (leader && !isResting(leader)) {
      if (leader.program.inputEnd) {
        leader.program.inputEnd(leader.context)
      } else {
        leader.context.exit(0)
      }
    }
  }

  /** All of a run rests; what reaches it waits. */
  suspend(runId: string): void {
    this.#move(runId, false)
  }

  /** All of a run goes on, with what came meanwhile. */
  resume(runId: string): void {
    this.#move(runId, true)
    this.feed(runId)
  }

  #move(runId: string, isFromRest: boolean): void {
    for (const process of this.#processes.values()) {
      if (process.launch.run.id === runId && isResting(process) === isFromRest) {
        process.moves++
      }
    }
  }

  /** TERM or KILL to every process of a run. */
  signal(runId: string, name: 'SIGTERM' | 'SIGKILL'): void {
    for (const { pid } of this.processesOf(runId)) {
      const process = this.#processes.get(pid)
      const isDeaf = process && (process.program.ignoresTerm || isResting(process))
      if (process && !(name === 'SIGTERM' && isDeaf)) {
        this.#end(process, 128 + constants.signals[name])
      }
    }
  }

  /** All processes of a run are gone at once, and there is no record of it. */
  vanish(runId: string): void {
    for (const { pid } of this.processesOf(runId)) {
      this.#processes.get(pid)?.terminal?.end('the machine lost it')
      this.#processes.delete(pid)
    }
  }

  /** Every process is gone at once; what was written stays. */
  reboot(): void {
    this.#processes.clear()
    this.#boots++
  }

  #leaderOf(runId: string): LiveProcess | undefined {
    return [...this.#processes.values()].find(
      ({ launch, isLeader }) => isLeader && launch.run.id === runId,
    )
  }

  #spawn(
    launch: Launch,
    { pid, argv, isLeader }: { pid: number; argv: readonly string[]; isLeader: boolean },
  ): FakeProcess {
    const [name, args] = programOf(argv)
    const create = Object.hasOwn(fakePrograms, name) ? fakePrograms[name] : undefined
    const files = runFiles(launch.run.folder)
    const type = (keys: Buffer): void =>
      isResting(process) ? undefined : process.program.input?.(keys, process.context)
    const process: LiveProcess = {
      pid,
      startTime: String(pid),
      launch,
      name,
      isLeader,
      inOffset: 0,
      moves: 0,
      terminal: isLeader && launch.terminal ? new FakeTerminal(launch.terminal, type) : null,
      program: create?.() ?? {},
      context: {
        args,
        env: launch.env,
        cwd: launch.cwd,
        say: (text) => {
          appendFileSync(files.out, text)
          process.terminal?.say(text)
        },
        sayError: (text) => appendFileSync(files.err, text),
        exit: (code) => this.#end(process, code),
        die: (signal) => this.#end(process, 128 + constants.signals[signal]),
        fork: (childArgv) =>
          this.#spawn(launch, { pid: this.takePid(), argv: childArgv, isLeader: false }),
      },
    }
    this.#processes.set(pid, process)
    if (create) {
      process.program.begin?.(process.context)
    } else {
      process.context.sayError(`${argv[0] ?? ''}: not found\n`)
      process.context.exit(notFound)
    }
    return process
  }

  #end(process: LiveProcess, status: number): void {
    if (this.#processes.delete(process.pid) && process.isLeader) {
      writeFileSync(runFiles(process.launch.run.folder).exit, `${status}\n`, { mode: 0o600 })
      process.terminal?.end('its program ended')
    }
  }
}

/** Suspended. */
export function isResting({ moves }: Pick<FakeProcess, 'moves'>): boolean {
  return moves % 2 === 1
}

/** What is pasted or typed of whole strokes. */
function keysOf(strokes: Buffer): Buffer {
  const keys: Buffer[] = []
  let at = 0
  while (at < strokes.length) {
    const end = strokes.indexOf('\n', at)
    const words = strokes.toString('latin1', at, end).split(' ')
    const bytes = words[0] === 'pause' ? 0 : Number(words.at(-1)) + 1
    if (words[0] === 'paste' || words[0] === 'keys') {
      keys.push(strokes.subarray(end + 1, end + bytes))
    }
    at = end + 1 + bytes
  }
  return Buffer.concat(keys)
}

/** Name and arguments; `env` stands before the program that is meant. */
function programOf(argv: readonly string[]): [string, readonly string[]] {
  const [program = '', ...args] = argv
  const name = path.basename(program)
  return name === 'env' ? programOf(args) : [name, args]
}

/** Copies: the caller may not see bytes that come later. */
function readFrom(file: string, offset: number): Buffer {
  if (offset === 0) {
    return readFileSync(file)
  }
  const bytes = Buffer.alloc(Math.max(0, fileSize(file) - offset))
  const descriptor = openSync(file, 'r')
  try {
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, offset))
  } finally {
    closeSync(descriptor)
  }
}
