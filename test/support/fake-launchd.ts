import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { LaunchdService } from './launchd-service.ts'
import { readJob } from './launchd-plist.ts'

const client = fileURLToPath(new URL('../fixtures/launchctl.mjs', import.meta.url))

export interface Answer {
  code: number
  stdout: string
  stderr: string
}

/**
 * A launchd as far as Drover has to do with it: it takes property lists, starts and ends their
 * programs for real, and answers in the words of `launchctl`. It is no Mac: what the words and numbers
 * are is known from launchctl(1), launchd.plist(5), `launchctl error`, and from what people have
 * pasted into public bug reports (`Boot-out failed: 3: No such process` with exit 3, `Bootstrap failed:
 * 5: Input/output error`, `Could not find service` with 113, `last terminating signal = Killed: 9`).
 */
export class FakeLaunchd implements AsyncDisposable {
  /** Path of a program to be called as `launchctl`. */
  readonly program: string
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  /** By target: `gui/501/LABEL`. */
  readonly #services = new Map<string, LaunchdService>()
  readonly #disabled = new Set<string>()
  /** Every call that it was asked, but `print`. */
  readonly calls: string[][] = []
  /** Domains that are there. */
  readonly domains: Set<string>
  /** It takes calls and answers none. */
  isWedged = false

  private constructor(folder: string, domains: readonly string[]) {
    this.domains = new Set(domains)
    this.program = path.join(folder, 'launchctl')
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket))
  }

  /** `folder` gets its socket and its program. */
  static async start(
    folder: string,
    domains: readonly string[] = [`gui/${process.getuid?.() ?? 0}`, 'system'],
  ): Promise<FakeLaunchd> {
    mkdirSync(folder, { recursive: true })
    const launchd = new FakeLaunchd(folder, domains)
    const socket = path.join(folder, 'launchd.sock')
    launchd.#server.listen(socket)
    await once(launchd.#server, 'listening')
    const words = [process.execPath, client, socket].map((word) => `'${word}'`).join(' ')
    writeFileSync(launchd.program, `#!/bin/sh\nexec ${words} "$@"\n`)
    chmodSync(launchd.program, 0o755)
    return launchd
  }

  /** The labels that it knows. */
  get labels(): string[] {
    return [...this.#services.values()].map(({ job }) => job.Label).toSorted()
  }

  /** A login as after a restart of the machine: takes what lies in a folder of agents. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of this.#services.values()) {
      await service.remove()
    }
    this.#connections.forEach((socket) => socket.destroy())
    this.#server.close()
  }

  #take(socket: Socket): void {
    this.#connections.add(socket)
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (part: string) => (text += part))
    socket.on('error', () => undefined)
    socket.on('close', () => this.#connections.delete(socket))
    socket.on('end', () => {
      const args = JSON.parse(text) as string[]
      if (args[0] !== 'print') {
        this.calls.push(args)
      }
      if (!this.isWedged) {
        void this.#answer(args).then((answer) => socket.end(JSON.stringify(answer)))
      }
    })
  }

  async #answer([command = '', ...args]: readonly string[]): Promise<Answer> {
    switch (command) {
      case 'bootstrap':
        return this.#bootstrap(args)
      case 'bootout':
        return await this.#bootout(args[0] ?? '')
      case 'print':
        return this.#print(args[0] ?? '')
      case 'enable':
        this.#disabled.delete(args[0] ?? '')
        return done
      case 'kickstart':
        return await this.#kickstart(args)
      default:
        return failure(64, `Unrecognized subcommand: ${command}`)
    }
  }

  #bootstrap([domain = '', file = '']: readonly string[]): Answer {
    if (!this.domains.has(domain)) {
      return failure(125, 'Bootstrap failed: 125: Domain does not support specified action')
    }
    const job = readJob(file)
    const target = `${domain}/${job?.Label}`
    if (!job || this.#services.has(target) || this.#disabled.has(target)) {
      return failure(
        5,
        'Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.',
      )
    }
    this.#services.set(target, new LaunchdService(job, file))
    return done
  }

  async #bootout(target: string): Promise<Answer> {
    const service = this.#services.get(target)
    if (!service) {
      return failure(3, 'Boot-out failed: 3: No such process')
    }
    const removed = service.remove().then(() => {
      this.#services.delete(target)
      return true
    })
    const isGone = await Promise.race([
      removed,
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300)),
    ])
    return isGone ? done : failure(36, 'Boot-out failed: 36: Operation now in progress')
  }

  async #kickstart(args: readonly string[]): Promise<Answer> {
    const service = this.#services.get(args.at(-1) ?? '')
    if (!service) {
      return failure(113, `Could not find service "${args.at(-1)}" in domain for login`)
    }
    await service.kickstart(args.includes('-k'))
    return done
  }

  #print(target: string): Answer {
    if (this.domains.has(target)) {
      return { ...done, stdout: this.#describeDomain(target) }
    }
    const service = this.#services.get(target)
    if (service) {
      return { ...done, stdout: `${target} = ${service.describe()}` }
    }
    const [, domain = '', label = ''] = /^(system|[^/]+\/[^/]+)(?:\/(.+))?$/.exec(target) ?? []
    return this.domains.has(domain)
      ? failure(113, `Bad request.\nCould not find service "${label}" in domain for ${domain}`)
      : failure(112, `Bad request.\nCould not find domain for ${domain}`)
  }

  #describeDomain(domain: string): string {
    const lines = [...this.#services]
      .filter(([target]) => target.startsWith(`${domain}/`))
      .map(([, { job, pid }]) => `\t\t${String(pid ?? 0).padStart(8)}      - \t${job.Label}`)
    return [
      `${domain} = {`,
      '\ttype = login',
      '\thandle = 100005',
      `\tactive count = ${lines.length}`,
      '\tservices = {',
      '\t\t       0      - \tcom.apple.SafariHistoryServiceAgent',
      '\t\t     614     (pe) \tcom.apple.progressd',
      ...lines,
      '\t}',
      '',
      '\tdisabled services = {',
      '\t\t"com.apple.ManagedClientAgent.enrollagent" => disabled',
      '\t}',
      '}',
      '',
    ].join('\n')
  }
}

const done: Answer = { code: 0, stdout: '', stderr: '' }

function failure(code: number, text: string): Answer {
  return { code, stdout: '', stderr: `${text}\n` }
}
