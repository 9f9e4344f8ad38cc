import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { sendSignal } from '../../src/util/process-identity.ts'
import type { LaunchdJob } from './launchd-plist.ts'

/** The names of launchd for the signals that end programs here. Source: strsignal(3) of macOS. */
const signalWords: Readonly<Record<string, string>> = {
  SIGHUP: 'Hangup',
  SIGINT: 'Interrupt',
  SIGKILL: 'Killed',
  SIGSEGV: 'Segmentation fault',
  SIGTERM: 'Terminated',
}

/** A launchd of these tests waits for this part of the time that a real one does until a program is begun again. */
const hurry = 0.02

/** One service: starts its program, again if it is to be kept alive, and ends what is left of its group. */
export class LaunchdService {
  readonly job: LaunchdJob
  readonly #file: string
  #child: ChildProcess | null = null
  #runs = 0
  #lastEnd: string | null = null
  #isRemoved = false
  #isScheduled = false
  #ended: Promise<void> = Promise.resolve()

  constructor(job: LaunchdJob, file: string) {
    this.job = job
    this.#file = file
    if (job.RunAtLoad || job.KeepAlive) {
      this.#start()
    }
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** TERM to its main process, KILL once its patience is over; resolves when all is gone. */
  async remove(): Promise<void> {
    this.#isRemoved = true
    await this.#end('SIGTERM')
  }

  async kickstart(isAnew: boolean): Promise<void> {
    if (isAnew) {
      await this.#end('SIGKILL')
    }
    if (!this.#child) {
      this.#start()
    }
  }

  /** As `launchctl print` tells of it. */
  describe(): string {
    const state = this.#child
      ? this.#isRemoved
        ? 'SIGTERMed'
        : 'running'
      : this.#isScheduled
        ? 'spawn scheduled'
        : 'not running'
    return [
      '{',
      `\tactive count = ${this.#child ? 1 : 0}`,
      `\tpath = ${this.#file}`,
      '\ttype = LaunchAgent',
      `\tstate = ${state}`,
      '',
      `\tprogram = ${this.job.ProgramArguments[0]}`,
      '\targuments = {',
      ...this.job.ProgramArguments.map((word) => `\t\t${word}`),
      '\t}',
      '',
      '\tdefault environment = {',
      '\t\tPATH => /usr/bin:/bin:/usr/sbin:/sbin',
      '\t}',
      '',
      '\tminimum runtime = 10',
      `\texit timeout = ${this.job.ExitTimeOut ?? 20}`,
      `\truns = ${this.#runs}`,
      ...(this.#child ? [`\tpid = ${this.pid}`] : []),
      `\t${this.#lastEnd ?? 'last exit code = (never exited)'}`,
      '',
      '\tresource coalition = {',
      '\t\tID = 702',
      '\t\tstate = active',
      '\t\tpid = 1',
      '\t}',
      '',
      '\tproperties = runatload | inferred program',
      '}',
      '',
    ].join('\n')
  }

  #start(): void {
    const [program, ...args] = this.job.ProgramArguments
    const out = openSync(this.job.StandardOutPath ?? '/dev/null', 'a')
    const err = openSync(this.job.StandardErrorPath ?? '/dev/null', 'a')
    const child = spawn(program, args, {
      cwd: this.job.WorkingDirectory ?? '/',
      env: {
        PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
        XPC_SERVICE_NAME: this.job.Label,
        ...this.job.EnvironmentVariables,
      },
      // A session, and with it a group of its own.
      detached: true,
      stdio: ['ignore', out, err],
    })
    closeSync(out)
    closeSync(err)
    this.#child = child
    this.#runs++
    this.#isScheduled = false
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ended = promise
    child.once('exit', (code, signal) => {
      this.#child = null
      this.#lastEnd = signal
        ? `last terminating signal = ${signalWords[signal] ?? signal}: ${constants.signals[signal]}`
        : `last exit code = ${code}${code === 78 ? ': EX_CONFIG' : ''}`
      if (!this.job.AbandonProcessGroup) {
        sendSignal(-(child.pid ?? 0), 'SIGKILL')
      }
      resolve()
      if (this.#isKeptUp(code) && !this.#isRemoved) {
        this.#isScheduled = true
        const wait = (this.job.ThrottleInterval ?? 10) * 1000 * hurry
        setTimeout(() => this.#startAgain(), wait).unref()
      }
    })
  }

  #isKeptUp(code: number | null): boolean {
    const { KeepAlive: wish } = this.job
    return typeof wish === 'object' ? (code === 0) === wish.SuccessfulExit : wish === true
  }

  #startAgain(): void {
    if (!this.#isRemoved && !this.#child) {
      this.#start()
    }
  }

  async #end(first: NodeJS.Signals): Promise<void> {
    const pid = this.#child?.pid
    if (pid !== undefined) {
      sendSignal(pid, first)
      const patience = setTimeout(
        () => sendSignal(pid, 'SIGKILL'),
        (this.job.ExitTimeOut ?? 20) * 1000,
      )
      await this.#ended
      clearTimeout(patience)
    }
  }
}
