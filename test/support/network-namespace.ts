import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
let made = 0

/** A network of its own, in which there is one way out: to an address of this machine. Takes root. */
export class NetworkNamespace implements AsyncDisposable {
  readonly name: string
  /** This machine's address, as it is reached from in there. */
  readonly host: string
  readonly #link: string

  private constructor() {
    const number = (process.pid * 8 + made++) % 16_384
    this.name = `drover-test-${number}`
    this.#link = `dvt${number}`
    this.host = `10.213.${number >> 6}.${(number & 63) * 4 + 1}`
  }

  static async create(): Promise<NetworkNamespace> {
    const namespace = new NetworkNamespace()
    const { name, host } = namespace
    const link = namespace.#link
    try {
      await ip('netns', 'add', name)
      await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'inside', 'netns', name)
      await ip('addr', 'add', `${host}/30`, 'dev', link)
      await ip('link', 'set', link, 'up')
      const inside = host.replace(/\d+$/, (last) => String(Number(last) + 1))
      await ip('-n', name, 'addr', 'add', `${inside}/30`, 'dev', 'inside')
      await ip('-n', name, 'link', 'set', 'inside', 'up')
      await ip('-n', name, 'link', 'set', 'lo', 'up')
      return namespace
    } catch (error) {
      await namespace[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Whether this machine lets us make one. */
  static async isPossible(): Promise<boolean> {
    try {
      await using _ = await NetworkNamespace.create()
      return true
    } catch {
      return false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ip('link', 'del', this.#link).catch(() => undefined)
    await ip('netns', 'del', this.name).catch(() => undefined)
  }
}

async function ip(...argv: string[]): Promise<void> {
  await run('ip', argv, { timeout: 10_000 })
}
