import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inheritedVariables } from '../../core/environment.ts'
import { identifyProcess, type ProcessIdentity } from '../../util/process-identity.ts'

const spareScript = fileURLToPath(new URL('spare.sh', import.meta.url))

/** After a start the next spare is made when this much time has passed, ms; a burst of starts goes first. */
const refillMs = 10

/** What a spare shell is to become. */
export interface SpareCommand {
  /** Arguments of `/bin/sh`: script first. */
  argv: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
}

interface Spare {
  child: ChildProcess
  identity: ProcessIdentity
  env: Readonly<Record<string, string>>
}

/**
 * A few shells that wait to become holders, in sessions of their own. To fork a daemon of a hundred
 * megabytes takes longer than all else of a start, so it is done ahead.
 */
export class SpareShells {
  readonly #count: number
  #spares: Spare[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(count: number) {
    this.#count = count
  }

  /** How many wait now. */
  get size(): number {
    return this.#spares.length
  }

  /**
   * Turns a spare into the command; its identity stays the same. Null when none is there, or when
   * a line can't say the command.
   */
  use(command: SpareCommand): ProcessIdentity | null {
    const spare = canBeSpoken(command) ? this.#spares.shift() : undefined
    if (!spare) {
      return null
    }
    spare.child.stdin?.end(formatCommand(command, spare.env))
    return spare.identity
  }

  /** Makes what is missing, soon; with an environment that later commands will mostly share. */
  refill(env: Readonly<Record<string, string>>): void {
    clearTimeout(this.#timer ?? undefined)
    if (this.#spares.length < this.#count) {
      this.#timer = setTimeout(() => void this.#addAndGoOn(env), refillMs)
      this.#timer.unref()
    }
  }

  /** Without a spare the next start is only slower, so one that can't be made is not tried again until then. */
  async #addAndGoOn(env: Readonly<Record<string, string>>): Promise<void> {
    const isAdded = await this.#add(env).catch(() => false)
    if (isAdded) {
      this.refill(env)
    }
  }

  async #add(env: Readonly<Record<string, string>>): Promise<boolean> {
    const shared = Object.fromEntries(
      Object.entries(env).filter(([name]) => inheritedVariables.includes(name)),
    )
    const child = spawn('/bin/sh', [spareScript], {
      cwd: '/',
      env: shared,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.unref()
    child.on('error', () => undefined)
    child.stdin?.on('error', () => undefined)
    // The daemon must be able to end while spares wait.
    ;(child.stdin as { unref?: () => void }).unref?.()
    const identity = child.pid === undefined ? null : await identifyProcess(child.pid)
    if (!identity) {
      return false
    }
    const spare = { child, identity, env: shared }
    this.#spares.push(spare)
    child.once('exit', () => {
      this.#spares = this.#spares.filter((each) => each !== spare)
    })
    return true
  }
}

/** Variables that a shell has for itself: it would not take them, or take them to heart. */
const shellVariable = /^(?:BASH\w*|EUID|IFS|LINENO|OPTIND|PPID|RANDOM|SHELLOPTS|UID)$/

function canBeSpoken({ argv, env, cwd }: SpareCommand): boolean {
  const texts = [cwd, ...argv, ...Object.values(env)]
  return (
    !texts.some((text) => text.includes('\n')) &&
    !Object.keys(env).some((name) => shellVariable.test(name))
  )
}

/** The lines that `spare.sh` reads: only what differs from the environment it has. */
function formatCommand(
  { argv, env, cwd }: SpareCommand,
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
