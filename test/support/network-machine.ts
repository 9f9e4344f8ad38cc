import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DockerEngine } from './docker-engine.ts'

const modelServer = fileURLToPath(new URL('../../src/testing/serve.ts', import.meta.url))
let made = 0

/** A program that answers HTTP at a port of all addresses, with the word it is given. */
const greeter = `const [port, word] = process.argv.slice(1)
require('node:http').createServer((_, answer) => answer.end(word))
  .listen(Number(port), '0.0.0.0', () => console.log('listens'))`

/**
 * A machine as far as its network goes, and one beyond it: two namespaces with a cable between them.
 * Engine, daemon and listeners are started in there, so that the rules of this machine's own firewall
 * stay as they are. Takes root.
 */
export class NetworkMachine implements AsyncDisposable {
  /** What another machine, beyond this one, is reached by. */
  readonly beyond = '203.0.113.7'
  /** This machine's address on the cable. */
  readonly address = '203.0.113.1'
  readonly #name: string
  readonly #children: ChildProcess[] = []

  private constructor() {
    this.#name = `drover-m${(process.pid * 8 + made++) % 100_000}`
  }

  static async create(): Promise<NetworkMachine> {
    const machine = new NetworkMachine()
    const [here, there] = machine.#names
    try {
      await call('ip', 'netns', 'add', here)
      await call('ip', 'netns', 'add', there)
      const cable = ['type', 'veth', 'peer', 'name', 'cable', 'netns', there]
      await call('ip', '-n', here, 'link', 'add', 'cable', ...cable)
      for (const [namespace, address] of [
        [here, machine.address],
        [there, machine.beyond],
      ] as const) {
        await call('ip', '-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'cable')
        await call('ip', '-n', namespace, 'link', 'set', 'cable', 'up')
        await call('ip', '-n', namespace, 'link', 'set', 'lo', 'up')
      }
      return machine
    } catch (error) {
      await machine[Symbol.asyncDispose]()
      throw error
    }
  }

  /** What a program is started with to be in it. */
  get launcher(): readonly [string, ...string[]] {
    return launcherOf(this.#names[0])
  }

  /** An engine whose networks are real. The caller disposes of it. */
  async startEngine(args: readonly string[] = []): Promise<DockerEngine> {
    return await DockerEngine.start({ args, launcher: this.launcher })
  }

  /** What a program of it printed; rejects where it failed. */
  async run(...argv: readonly string[]): Promise<string> {
    return await call(...this.launcher, ...argv)
  }

  /** Listens at a port of all its addresses, or of those of the machine beyond it. */
  async greet(word: string, port: number, where: 'here' | 'beyond' = 'here'): Promise<void> {
    const namespace = this.#names[where === 'here' ? 0 : 1]
    await this.#start(namespace, ['-e', greeter, String(port), word])
  }

  /** The scripted model server, on its loopback; where that is. */
  async startModel(): Promise<string> {
    const line = await this.#start(this.#names[0], [modelServer])
    return line.replace('scripted model server on ', '')
  }

  /** What its firewall has, as nft tells it. */
  async tables(): Promise<string[]> {
    return (await this.run('nft', 'list', 'tables')).split('\n').filter((line) => line !== '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL')
          await once(child, 'exit')
        }
      }),
    )
    for (const name of this.#names) {
      await call('ip', 'netns', 'del', name).catch(() => undefined)
    }
  }

  get #names(): [string, string] {
    return [this.#name, `${this.#name}o`]
  }

  /** The first line that a program of Node's prints. */
  async #start(namespace: string, args: readonly string[]): Promise<string> {
    const [program, ...first] = launcherOf(namespace)
    const child = spawn(program, [...first, process.execPath, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#children.push(child)
    const lines = createInterface({ input: child.stdout })
    const [line] = (await once(lines, 'line')) as [string]
    child.stdout.resume()
    return line
  }
}

function launcherOf(namespace: string): [string, ...string[]] {
  return ['nsenter', `--net=/run/netns/${namespace}`]
}

async function call(...[program = '', ...args]: readonly string[]): Promise<string> {
  return (await promisify(execFile)(program, args, { timeout: 20_000 })).stdout.trim()
}
