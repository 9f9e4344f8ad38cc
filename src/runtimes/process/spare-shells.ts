import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inheritedVariables } from '../../core/environment.ts'
import {
  identifyProcess,
  isProcessAlive,
  sendSignal,
  type ProcessIdentity,
} from '../../util/process-identity.ts'
import type { HolderCommand } from '../holder/start-holder.ts'

const nurseryScript = fileURLToPath(new URL('nursery.sh', import.meta.url))
const spareScript = fileURLToPath(new URL('spare.sh', import.meta.url))

/** How long a start waits for a spare that is being made, ms; then it goes without. */
const waitMs = 1000

/** More than this a FIFO may not take at once, bytes. */
const longestOrder = 60_000

interface Spare {
  identity: ProcessIdentity
  /** Its FIFO. */
  file: string
}

/** The small process that forks spares. */
interface Nursery {
  child: ChildProcess
  folder: string
  /** What its spares have in their environment. */
  env: Readonly<Record<string, string>>
}

/**
 * A few shells that wait to become holders, in sessions of their own. To fork a daemon of a hundred
 * megabytes takes longer than all else of a start, and stops it meanwhile; so a small process forks
 * them, and where many come up at once, each waits for the next spare.
 */
export class SpareShells {
  readonly #count: number
  #nursery: Nursery | null = null
  /** It could not be had on this machine: every start goes without. */
  #isBarren = false
  #spares: Spare[] = []
  #waiters: ((spare: Spare | null) => void)[] = []
  /** Asked for and not there yet. */
  #expected = 0
  #made = 0

  constructor(count: number) {
    this.#count = count
  }

  /** How many wait now. */
  get size(): number {
    return this.#spares.length
  }

  /**
   * Turns a spare into the command; its identity stays the same. Null when none is to be had, or
   * when lines can't say the command.
   */
  async use(command: HolderCommand): Promise<ProcessIdentity | null> {
    if (this.#count === 0 || !canBeSpoken(command)) {
      return null
    }
    const nursery = this.#open(command.env)
    const order = nursery && formatCommand(command, nursery.env)
    if (!order || Buffer.byteLength(order) > longestOrder) {
      return null
    }
    for (;;) {
      const spare = this.#spares.shift() ?? (await this.#next())
      if (!spare) {
        return null
      }
      this.#refill()
      if (tell(spare, order)) {
        return spare.identity
      }
      await end(spare)
    }
  }

  /** Makes the first ones, with an environment that commands will mostly share. */
  prepare(env: Readonly<Record<string, string>>): void {
    if (this.#count > 0 && this.#open(env)) {
      this.#refill()
    }
  }

  async #next(): Promise<Spare | null> {
    const { promise, resolve } = Promise.withResolvers<Spare | null>()
    this.#waiters.push(resolve)
    this.#refill()
    const timer = setTimeout(() => {
      this.#waiters = this.#waiters.filter((each) => each !== resolve)
      resolve(null)
    }, waitMs)
    const spare = await promise
    clearTimeout(timer)
    return spare
  }

  /** Asks for as many as are missing. */
  #refill(): void {
    const missing = this.#count + this.#waiters.length - this.#spares.length - this.#expected
    if (missing > 0 && this.#nursery) {
      const numbers = Array.from({ length: missing }, () => ++this.#made)
      this.#expected += missing
      this.#nursery.child.stdin?.write(`${numbers.join(' ')}\n`)
    }
  }

  /** Where it can't be had now, for want of room or processes, the start goes without. */
  #open(env: Readonly<Record<string, string>>): Nursery | null {
    if (!this.#nursery && !this.#isBarren) {
      try {
        this.#nursery = startNursery(env)
        this.#follow(this.#nursery)
      } catch {
        return null
      }
    }
    return this.#nursery
  }

  #follow(nursery: Nursery): void {
    const { child } = nursery
    child.unref()
    child.on('error', () => this.#lose(nursery))
    child.once('exit', () => this.#lose(nursery))
    child.stdin?.on('error', () => undefined)
    // The daemon must be able to end while spares wait.
    ;(child.stdin as { unref?: () => void }).unref?.()
    ;(child.stdout as { unref?: () => void } | null)?.unref?.()
    if (child.stdout) {
      createInterface({ input: child.stdout }).on(
        'line',
        (line) => void this.#welcome(nursery, line),
      )
    }
  }

  /** A spare says that it is there: its pid and its FIFO. */
  async #welcome(nursery: Nursery, line: string): Promise<void> {
    const place = line.indexOf(' ')
    const file = line.slice(place + 1)
    const identity = await identifyProcess(Number(line.slice(0, place)))
    if (this.#nursery !== nursery) {
      return identity ? dismiss({ identity, file }) : undefined
    }
    this.#expected--
    if (identity) {
      const spare = { identity, file }
      const waiter = this.#waiters.shift()
      if (waiter) {
        waiter(spare)
      } else {
        this.#spares.push(spare)
      }
    }
  }

  /** Without a nursery every start is only slower. One that made something is made again when it is needed. */
  #lose(nursery: Nursery): void {
    if (this.#nursery !== nursery) {
      return
    }
    this.#isBarren ||= this.#made === this.#expected
    this.#nursery = null
    this.#expected = 0
    this.#waiters.splice(0).forEach((waiter) => waiter(null))
    void Promise.all(this.#spares.splice(0).map(dismiss)).finally(() =>
      rmSync(nursery.folder, { recursive: true, force: true }),
    )
  }
}

function startNursery(commandEnv: Readonly<Record<string, string>>): Nursery {
  const shared = Object.entries(commandEnv).filter(([name]) => inheritedVariables.includes(name))
  const env = { PATH: '/usr/bin:/bin', ...Object.fromEntries(shared) }
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-spares-'))
  const child = spawn('/bin/sh', [nurseryScript, folder, spareScript], {
    cwd: '/',
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  return { child, folder, env }
}

/** Sends one away that waits. */
async function dismiss(spare: Spare): Promise<void> {
  if (!tell(spare, '\nend\n')) {
    await end(spare)
  }
}

/** One that can't be told, since its FIFO is gone, is ended by its identity, if it is there at all. */
async function end({ identity }: Spare): Promise<void> {
  if (await isProcessAlive(identity)) {
    sendSignal(identity.pid, 'SIGTERM')
  }
}

/** Writes to a spare that waits; false when it is gone. */
function tell({ file }: Spare, order: string): boolean {
  try {
    const descriptor = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      writeSync(descriptor, order)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return false
  }
  // It was told, whatever becomes of its FIFO.
  rmSync(file, { force: true })
  return true
}

/** Variables that a shell has for itself: it would not take them, or take them to heart. */
const shellVariable = /^(?:BASH\w*|EUID|IFS|LINENO|OPTIND|PPID|RANDOM|SHELLOPTS|UID)$/

function canBeSpoken({ argv, env, cwd }: HolderCommand): boolean {
  const texts = [cwd, ...argv, ...Object.values(env)]
  return (
    !texts.some((text) => text.includes('\n')) &&
    !Object.keys(env).some((name) => shellVariable.test(name))
  )
}

/** The lines that `spare.sh` reads: only what differs from the environment it has. */
function formatCommand(
  { argv, env, cwd }: HolderCommand,
  has: Readonly<Record<string, string>>,
): string {
  const gone = Object.keys(has).filter((name) => env[name] === undefined)
  const changed = Object.entries(env).filter(([name, value]) => has[name] !== value)
  return [
    `d${cwd}`,
    ...gone.map((name) => `u${name}`),
    ...changed.map(([name, value]) => `e${name}=${value}`),
    ...argv.map((argument) => `a${argument}`),
    'go\n',
  ].join('\n')
}
