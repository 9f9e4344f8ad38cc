import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { readProcessStat, sendSignal } from '../../src/util/process-identity.ts'
import { hasProgram } from './real-programs.ts'
import { createTemporaryFolder } from './temporary-folder.ts'
import { waitFor } from './wait-for.ts'

/** Whether a Docker engine of a test's own can be had: it takes root, and the programs. */
export const canRunDocker =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  ['dockerd', 'docker', 'setpriv'].every(hasProgram)

/** How long a call of the engine may take, ms: importing an image on a slow disk takes longest. */
const callMs = 120_000

/** How long an engine may take to answer after its start, ms: one that was killed ends containers first, 10 s each. */
const answerMs = 60_000

export interface DockerResult {
  code: number
  stdout: string
  stderr: string
}

export interface EngineOptions {
  /** Arguments on top, as for a bridge; left out: containers have no network but the host's. */
  args?: readonly string[]
  /** What starts it: a program that becomes the one in its further arguments. */
  launcher?: readonly string[]
}

/**
 * A real Docker engine of a test's own: all it keeps is in one temporary folder, its socket too, and
 * the machine's own engine is never spoken to. `await using` removes its containers, ends it by its
 * pid, and leaves nothing.
 */
export class DockerEngine implements AsyncDisposable {
  readonly folder = createTemporaryFolder('drover-docker-')
  #args: readonly string[]
  readonly #launcher: readonly string[]
  #child: ChildProcess
  #log = ''
  #wasUp = false

  private constructor({ args = noNetwork, launcher = [] }: EngineOptions) {
    this.#args = args
    this.#launcher = launcher
    // Not the machine's own.
    writeFileSync(path.join(this.folder, 'config.json'), '{}')
    this.#child = this.#spawn()
  }

  #spawn(): ChildProcess {
    const at = (name: string): string => path.join(this.folder, name)
    const child = spawn(
      'setpriv',
      // A test run that is killed takes its engine along.
      [
        '--pdeathsig',
        'TERM',
        ...this.#launcher,
        'dockerd',
        '--data-root',
        at('data'),
        '--exec-root',
        at('exec'),
      ].concat([
        '-H',
        this.host,
        '--pidfile',
        at('pid'),
        '--config-file',
        at('config.json'),
        ...this.#args,
      ]),
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
    return child
  }

  static async start(options: EngineOptions = {}): Promise<DockerEngine> {
    const engine = new DockerEngine(options)
    try {
      await engine.#answers()
      engine.#wasUp = true
      return engine
    } catch (error) {
      await engine[Symbol.asyncDispose]()
      throw new Error(`dockerd does not answer: ${engine.#log.slice(-2000)}`, { cause: error })
    }
  }

  /** The engine's own process; containers have others. */
  get pid(): number {
    return this.#child.pid!
  }

  /** Ends the engine at once, or in good order, and waits until it is gone. Its containers may go on. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.#isRunning) {
      const exited = once(this.#child, 'exit')
      this.#child.kill(signal)
      await exited
      // Its containerd goes with it, and would count as alive where nobody reaps it.
      rmSync(path.join(this.folder, 'exec', 'containerd', 'containerd.pid'), { force: true })
    }
    // It goes with it, not at once; the next one would wait for it in vain.
    await waitFor('containerd to be gone', () => !this.#hasContainerd())
  }

  /**
   * Starts it again after `stop`, with all that it kept. With `--live-restore` it takes up the
   * containers that go on; without it ends them.
   */
  async startAgain(args = this.#args): Promise<void> {
    this.#args = args
    this.#child = this.#spawn()
    await this.#answers()
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** As `DOCKER_HOST` has it. */
  get host(): string {
    return `unix://${path.join(this.folder, 'socket')}`
  }

  /** One call of `docker` to its end, whatever that is. */
  async call(args: readonly string[], deadlineMs = callMs): Promise<DockerResult> {
    const options = {
      timeout: deadlineMs,
      maxBuffer: 64 * 1024 * 1024,
      killSignal: 'SIGKILL',
    } as const
    try {
      return {
        code: 0,
        ...(await promisify(execFile)('docker', ['-H', this.host, ...args], options)),
      }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string }
      return { code: typeof code === 'number' ? code : -1, stdout, stderr: stderr || String(error) }
    }
  }

  /** What a call printed; one that fails is an error. */
  async run(args: readonly string[], deadlineMs = callMs): Promise<string> {
    const { code, stdout, stderr } = await this.call(args, deadlineMs)
    if (code !== 0) {
      throw new Error(`docker ${args.join(' ')}: exit ${code}: ${stderr.trim() || stdout.trim()}`)
    }
    return stdout.trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isRunning && this.#wasUp) {
      await this.startAgain()
    }
    const ids = (await this.call(['ps', '-aq'])).stdout.split('\n').filter(Boolean)
    if (ids.length > 0) {
      await this.call(['rm', '-f', '-v', ...ids])
    }
    await this.stop('SIGTERM')
    await this.#endLeftShims()
    for (const point of this.#mounts().toReversed()) {
      await promisify(execFile)('umount', ['-l', point])
    }
    // Those its containers were in: it removes what is below, not the one above them.
    removeGroups(path.basename(this.folder))
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** An engine that was killed while it made a container leaves its shim, of which the next one knows nothing. */
  async #endLeftShims(): Promise<void> {
    const shims = listProcesses().flatMap((pid) => {
      const argv = readProc(pid, 'cmdline').split('\0')
      const isOwn = argv[argv.indexOf('-address') + 1]?.startsWith(`${this.folder}/`)
      return isOwn ? [{ pid, container: argv[argv.indexOf('-id') + 1] ?? '' }] : []
    })
    const pids = shims.flatMap(({ pid }) => [pid, ...childrenOf(pid)])
    pids.forEach((pid) => sendSignal(pid, 'SIGKILL'))
    await waitFor('shims to be gone', () => pids.every((pid) => !isAlive(pid)))
    for (const { container } of shims.filter((shim) => shim.container !== '')) {
      // The kernel lets go of a process a moment after it is gone.
      await waitFor('groups to be gone', () => canRemoveGroups(path.join('docker', container)))
    }
  }

  #hasContainerd(): boolean {
    const file = path.join(this.folder, 'exec/containerd/containerd.pid')
    return existsSync(file) && existsSync(path.join('/proc', readFileSync(file, 'utf8')))
  }

  async #answers(): Promise<void> {
    await waitFor(
      'dockerd to answer',
      async () => {
        if (this.#child.exitCode !== null) {
          throw new Error(`dockerd ended with ${this.#child.exitCode}: ${this.#log.slice(-2000)}`)
        }
        return (await this.call(['version'])).code === 0
      },
      answerMs,
    )
  }

  /** What is mounted below its folder. */
  #mounts(): string[] {
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .filter((point) => point.startsWith(`${this.folder}/`))
  }
}

/** Groups of that path, under each controller. */
function removeGroups(name: string): void {
  for (const folder of ['.', ...readdirSync('/sys/fs/cgroup')]) {
    const group = path.join('/sys/fs/cgroup', folder, name)
    if (existsSync(group)) {
      rmdirSync(group)
    }
  }
}

function canRemoveGroups(name: string): boolean {
  try {
    removeGroups(name)
    return true
  } catch {
    return false
  }
}

const listProcesses = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

const childrenOf = (parent: number): number[] =>
  listProcesses().filter((pid) => readProcessStat(pid)?.parent === parent)

const isAlive = (pid: number): boolean =>
  !['Z', 'X', undefined].includes(readProcessStat(pid)?.state)

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}

/** What an engine without a network of its own is started with. */
export const noNetwork = [
  '--bridge',
  'none',
  '--iptables=false',
  '--ip6tables=false',
  '--ip-masq=false',
]
