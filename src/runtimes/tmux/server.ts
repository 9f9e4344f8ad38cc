import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DroverError } from '../../schema/error.ts'
import { abortable } from '../../util/abortable.ts'
import { findProgram } from '../../util/find-program.ts'
import { createPrivateFolder } from '../../util/private-file.ts'
import { ControlClient, GoneError, type Commands, type Reply } from '../terminal/control-client.ts'
import { serverSettings } from '../terminal/server-settings.ts'
import { clientArguments, type TmuxLine } from '../terminal/tmux-line.ts'
import { spawnLine } from './spawn-line.ts'

/** The session that the daemon's client is attached to; it goes with that client. */
export const ownSession = 'drover'

/** How long tmux may take to answer a question about what is there, ms. */
const lookMs = 3000

/** How long a new server may take to be told how it is to be, ms; what it is asked after that waits behind. */
const settingsMs = 60_000

/** How long an answer is as good as a new one, ms. */
const freshMs = 100

/** How often a server that ends may be met. */
const mostAttempts = 20

/** Variables that decide how the server reads and writes text; the rest of ours is not its matter. */
const localeVariables = ['LANG', 'LC_ALL', 'LC_CTYPE']

/** What the server was told of a session. */
export interface SessionNote {
  name: string
  /** Home that it was made for. */
  instance: string
}

/**
 * The tmux server of one home, on a socket of its own, and the one client through which it is driven.
 * It is started when it is first needed, outlives the daemon while a session is there, and ends with
 * the last one.
 */
export class TmuxServer {
  readonly socket: string
  #client: ControlClient | null = null
  /** The client has a server, or starts one. */
  #isSure = false
  #look: Promise<SessionNote[]> | null = null

  constructor(socket: string) {
    this.socket = socket
  }

  /** Absolute path of tmux; null where there is none. */
  get program(): string | null {
    const searchPath = `${process.env['PATH'] ?? ''}:/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin`
    return findProgram('tmux', { searchPath, folder: '/' })
  }

  get env(): Record<string, string> {
    const kept = localeVariables.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value] as const]
    })
    return { ...Object.fromEntries(kept), PATH: `/usr/bin:/bin:${process.env['PATH'] ?? ''}` }
  }

  /** Does the commands on a server that is there or is started. Errors: `runtime_unavailable`, and those of `ControlClient.ask`. */
  async command(commands: Commands, signal: AbortSignal): Promise<readonly Reply[]> {
    if (this.#client && !this.#isSure) {
      // It looks for a server; perhaps there is none.
      await this.sessions(signal)
    }
    try {
      return await insist(() => this.#connect(true).ask(commands, signal), signal)
    } finally {
      this.#look = null
    }
  }

  /** Does the commands if a server is there; null when there is none. */
  async ask(commands: Commands, signal: AbortSignal): Promise<readonly Reply[] | null> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(lookMs)])
    const attempt = async (): Promise<readonly Reply[] | null> => {
      if (!this.#isConnected && (!existsSync(this.socket) || !this.program)) {
        return null
      }
      const client = this.#connect(false)
      const replies = await client.ask(commands, within)
      this.#isSure ||= this.#client === client
      return replies
    }
    try {
      return await insist(attempt, within)
    } catch (error) {
      if (error instanceof GoneError && isAbsence(error.message)) {
        return null
      }
      throw error
    }
  }

  get #isConnected(): boolean {
    return this.#client !== null && !this.#client.isGone
  }

  /**
   * The sessions of runs. Those who ask before the answer is there share it, and so do those who ask
   * at once after it while nothing was begun: many are looked at in portions. Throws when tmux gives none.
   */
  async sessions(signal: AbortSignal): Promise<SessionNote[]> {
    signal.throwIfAborted()
    this.#look ??= this.#askSessions().finally(() => {
      const look = this.#look
      setTimeout(() => this.#forget(look), freshMs).unref()
    })
    const look = this.#look
    look.catch(() => this.#forget(look))
    return await abortable(look, signal)
  }

  #forget(look: Promise<SessionNote[]> | null): void {
    if (this.#look === look) {
      this.#look = null
    }
  }

  /** The same, asked now. */
  async listSessions(signal: AbortSignal): Promise<SessionNote[]> {
    this.#look = null
    return await this.sessions(signal)
  }

  async #askSessions(): Promise<SessionNote[]> {
    const format = '#{session_name} #{@instance}'
    const replies = await this.ask([['list-sessions', '-F', format]], AbortSignal.timeout(lookMs))
    return (replies?.[0] ?? [])
      .map((line) => {
        const [name = '', instance = ''] = line.toString().split(' ')
        return { name, instance }
      })
      .filter(({ name }) => name !== ownSession)
  }

  /** Lets the server end if no run is left. */
  async closeIfEmpty(signal: AbortSignal): Promise<void> {
    const client = this.#client
    const left = this.#isConnected ? await this.listSessions(signal) : []
    // What is asked for by now needs the client.
    if (client && left.length === 0 && this.#client === client && !client.isBusy) {
      client.close()
      this.#client = null
    }
  }

  /** A client that does these commands first. Errors: `runtime_unavailable`. */
  openLine(commands: readonly (readonly string[])[], canStart = false): TmuxLine {
    const { program, socket, env } = this
    if (!program) {
      throw new DroverError('runtime_unavailable', 'tmux is not installed.')
    }
    return spawnLine([program, ...clientArguments(socket, commands, canStart)], env)
  }

  #connect(canStart: boolean): ControlClient {
    if (this.#client && this.#isConnected) {
      return this.#client
    }
    needOwnFolder(path.dirname(this.socket))
    this.#isSure = canStart
    this.#client = new ControlClient({ line: this.openLine(attachCommands, canStart) })
    // Whoever asks for something next tells what goes wrong.
    const settings = this.#client.ask(this.#settings(), AbortSignal.timeout(settingsMs))
    settings.catch(() => undefined)
    return this.#client
  }

  #settings(): Commands {
    return [
      ...serverSettings(),
      ['set-option', '-s', 'exit-empty', 'on'],
      ['set-option', '-s', 'default-terminal', terminalName()],
      ...Object.keys(this.env).map((name) => ['set-environment', '-gu', name]),
    ]
  }
}

const toAttach = `new-session -A -E -s ${ownSession} -x 80 -y 24 -f no-output,ignore-size --`

/** A server without runs goes when no daemon came to it for so long, s. */
const graceSeconds = 2

/**
 * Done by the server itself, whoever has left: its last session goes, and it with that. What is asked
 * with `##` is asked when the time is over; `S:x` is one x for each session.
 */
const isNeedless = '##{&&:##{==:##{S:x},x},##{==:##{session_attached},0}}'
const endIfNeedless = `run-shell -b -d ${graceSeconds} -C "if-shell -F -t =${ownSession}: '${isNeedless}' 'kill-session -t =${ownSession}'"`

/**
 * The client's own session: its program is gone at once. tmux has an option that ends a session with
 * its client, `destroy-unattached`, and it is not for us: it leaves other clients that are about to go
 * with a session that is freed. So a server of 3.3a crashed, with all its programs, where a daemon died
 * while somebody looked. It may crash, too, where a session ends just when a client of the next daemon
 * comes. So the session stays as long as there is another one that could be lost.
 */
const attachCommands = [
  [...toAttach.split(' '), '/bin/sh', '-c', 'exit'],
  ['set-option', '-w', 'remain-on-exit', 'on'],
  ['set-hook', '-g', 'client-detached', endIfNeedless],
  ['set-hook', '-g', 'session-closed', endIfNeedless],
]

/** Whoever can put a socket there would be given what programs are. Errors: `runtime_unavailable`. */
function needOwnFolder(folder: string): void {
  createPrivateFolder(folder)
  const { uid, mode } = statSync(folder)
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new DroverError(
      'runtime_unavailable',
      `${folder} is somebody else's, or others may write to it: no terminal is started there.`,
    )
  }
}

/** Tries again where a server that was about to end was met, and nothing was asked of it. */
async function insist<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await attempt()
    } catch (error) {
      const canTry = error instanceof GoneError && error.isUnsent && !isAbsence(error.message)
      if (!canTry || round === mostAttempts) {
        throw error
      }
      await sleep(round, undefined, { signal })
    }
  }
}

/** Whether it says that no server listens there. */
function isAbsence(cause: string): boolean {
  return /no server running|No such file|Connection refused/.test(cause)
}

/** What programs are told the terminal is: what this machine knows of tmux's own. */
function terminalName(): string {
  const folders = ['/etc/terminfo', '/lib/terminfo', '/usr/lib/terminfo', '/usr/share/terminfo']
  const isKnown = folders.some((folder) =>
    ['t', '74'].some((letter) => existsSync(path.join(folder, letter, 'tmux-256color'))),
  )
  return isKnown ? 'tmux-256color' : 'screen-256color'
}
