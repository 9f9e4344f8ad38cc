import { rmSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { buildEnvironment } from '../core/environment.ts'
import type { Provider } from '../providers/contract.ts'
import type { Runtime } from '../runtimes/contract.ts'
import { SpareFolders } from '../runtimes/spare-folders.ts'
import type { DaemonStatus, DoctorReport, ReconcileReport, Usability } from '../schema/reports.ts'
import { DroverError } from '../schema/error.ts'
import { Store } from '../store/index.ts'
import type { Home } from '../util/home.ts'
import { Notifier } from '../util/notifier.ts'
import { createPrivateFolder } from '../util/private-file.ts'
import { Admission } from './admission.ts'
import { AgentVerbs } from './agent-verbs.ts'
import { readSecret } from '../util/secret-file.ts'
import { AgentTokens } from './agent-tokens.ts'
import { AgentsDoor } from './agents-door.ts'
import { Agents } from './agents.ts'
import { Approvals } from './approvals.ts'
import { Costs } from './costs.ts'
import { Prices } from './prices.ts'
import { attach, type AttachOptions, type Attachment } from './attach.ts'
import { Attachments } from './attachments.ts'
import { BegunRuns } from './begun-runs.ts'
import { Boxes } from './boxes.ts'
import type { DaemonContext } from './context.ts'
import { checkMachine } from './doctor.ts'
import { EventHub } from './event-hub.ts'
import { Guests } from './guests.ts'
import { lockHome, type HomeLock } from './home-lock.ts'
import { loadConfig } from './load-config.ts'
import { createLog } from './log.ts'
import { Mailbox } from './mailbox.ts'
import { Reconciler } from './reconciler.ts'
import { reconcileRuns } from './reconcile-runs.ts'
import { recoverRuns, type RecoveryReport } from './recover-runs.ts'
import { Schedules } from './schedules.ts'
import { SpecCache } from './spec-cache.ts'
import { superviseRuns } from './supervise.ts'
import { lookAtBegun } from './take-found-run.ts'
import { Templates } from './templates.ts'
import { Terminals } from './terminals.ts'
import { TurnVerbs } from './turn-verbs.ts'

export interface DaemonOptions {
  home: Home
  env: Readonly<Record<string, string | undefined>>
  version: string
  providers: readonly Provider[]
  runtimes: readonly Runtime[]
  /** Start over when the database is corrupt; the old file is kept. */
  moveAsideCorrupt: boolean
  /** The clock on the wall, Unix ms; left out: the machine's. */
  now?: () => number
}

/** The part of the daemon's status that does not depend on how it is reached. */
export type OwnStatus = Omit<DaemonStatus, 'url' | 'socket'>

/** One home, taken and at work; how it is reached is not its matter. */
export class Daemon {
  readonly context: DaemonContext
  readonly agents: Agents
  readonly costs: Costs
  readonly verbs: AgentVerbs
  readonly turns: TurnVerbs
  readonly mailbox: Mailbox
  readonly approvals: Approvals
  readonly boxes: Boxes
  readonly schedules: Schedules
  readonly guests: Guests
  readonly templates: Templates
  readonly terminals: Terminals
  readonly #lock: HomeLock
  readonly #reconciler: Reconciler
  readonly #ending: AbortController
  readonly #recovering = new AbortController()
  readonly #version: string
  readonly #startedAt: number
  #reconciled: Promise<unknown> = Promise.resolve()
  readonly #recovered: RecoveryReport = { adopted: 0, finished: 0, orphans: 0, unknown: 0 }
  #ready: Promise<void> = Promise.resolve()

  private constructor(options: DaemonOptions, lock: HomeLock) {
    const { home, env } = options
    this.#lock = lock
    this.#version = options.version
    this.#ending = new AbortController()
    const config = loadConfig(home.configFile)
    const { log, rotate } = createLog(home.logFile, config.log.level)
    const prices = new Prices(home.pricesFile, (error) =>
      log.warn({ err: error }, 'prices.yaml can not be used; the prices of before stay'),
    )
    const agentKey = readSecret(home.agentKeyFile)
    const tokens = new AgentTokens(agentKey)
    const doorTokens = new AgentTokens(agentKey, 'drd')
    const store = new Store({
      file: home.databaseFile,
      backupsFolder: home.backupsFolder,
      companions: [home.runsFolder, home.agentsFolder],
      moveAsideCorrupt: options.moveAsideCorrupt,
      report: (line) => log.warn(line),
    })
    this.#startedAt = Date.now()
    const shared = {
      home,
      config,
      baseEnvironment: buildEnvironment({
        host: env,
        passEnv: config.passEnv,
        layers: [config.env],
      }),
      store,
      hub: new EventHub(store.events),
      log,
      rotateLog: rotate,
      providers: new Map(options.providers.map((provider) => [provider.name, provider])),
      runtimes: new Map(options.runtimes.map((runtime) => [runtime.name, runtime])),
      folders: new SpareFolders(home.sparesFolder),
      specs: new SpecCache(store),
      prices,
      admission: new Admission({
        limits: config.admission,
        onFree: (agentId) => this.#reconciler.kick(agentId),
      }),
      attachments: new Attachments(this.#startedAt),
      begun: new BegunRuns(home.unitsFolder),
      tokens,
      doorTokens,
      notifier: new Notifier(),
      now: options.now ?? Date.now,
      signal: this.#ending.signal,
    }
    this.context = { ...shared, door: new AgentsDoor(shared) }
    this.#reconciler = new Reconciler(this.context)
    this.templates = new Templates(home.templatesFolder, this.context.providers)
    this.mailbox = new Mailbox(this.context, this.#reconciler)
    const { context, templates, mailbox } = this
    this.verbs = new AgentVerbs(context, this.#reconciler)
    this.turns = new TurnVerbs(context, this.#reconciler)
    this.approvals = new Approvals(context, this.#reconciler)
    this.guests = new Guests(context, this.#reconciler.guests)
    this.boxes = new Boxes(context)
    const reconciler = this.#reconciler
    this.terminals = new Terminals({ reconciler, verbs: this.verbs })
    this.agents = new Agents({ context, reconciler, templates, mailbox })
    this.costs = new Costs(context, reconciler, this.agents)
    const { agents } = this
    this.schedules = new Schedules({ context, reconciler, templates, mailbox, agents })
  }

  /**
   * Takes the home, and begins to bring it up to date with what happened while no daemon was there.
   * Requests may be taken from now on. Errors: `home_locked`, `invalid_config`, `database_corrupt`,
   * `database_newer`.
   */
  static open(options: DaemonOptions): Daemon {
    const lock = lockHome(options.home)
    try {
      const daemon = new Daemon(options, lock)
      createPrivateFolder(options.home.runsFolder)
      createPrivateFolder(options.home.guestsFolder)
      createPrivateFolder(options.home.agentsFolder)
      daemon.#ready = daemon.#begin()
      // Whoever awaits it hears of a failure; that nobody does yet is no failure of its own.
      daemon.#ready.catch(() => undefined)
      return daemon
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** The same, once it is up to date. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const daemon = Daemon.open(options)
    try {
      await daemon.ready
      return daemon
    } catch (error) {
      await daemon.stop()
      throw error
    }
  }

  /** Resolves when every run of before is taken up. Rejects when that failed, or the daemon ends first. */
  get ready(): Promise<void> {
    return this.#ready
  }

  status(): OwnStatus {
    const { store, home } = this.context
    return {
      pid: process.pid,
      version: this.#version,
      home: home.folder,
      instance: store.instance,
      host: store.host,
      node: process.version,
      startedAt: this.#startedAt,
      agents: store.agents.count(),
      lastSeq: this.context.hub.lastSeq,
      recovered: { ...this.#recovered },
      recovering: this.#reconciler.held.size,
    }
  }

  /** Takes somebody in with an agent; see `attach`. */
  async attach(name: string, options: AttachOptions): Promise<Attachment> {
    return await attach({ reconciler: this.#reconciler, verbs: this.verbs }, name, options)
  }

  /** Looks at every run anew, and ends what goes on for none; one look after the other. */
  async reconcile(): Promise<ReconcileReport> {
    const report = this.#reconciled.then(() => reconcileRuns(this.context, this.#reconciler))
    this.#reconciled = report.catch(() => undefined)
    return await report
  }

  async doctor(): Promise<DoctorReport> {
    return { version: this.#version, checks: await checkMachine(this.context) }
  }

  async usability(kind: Usability['kind']): Promise<Usability[]> {
    return await checkMachine(this.context, [kind])
  }

  /** Lets go of everything; agents go on without a daemon. */
  async stop(): Promise<void> {
    const { store, log, home, admission } = this.context
    this.#recovering.abort(
      new DroverError('daemon_unreachable', 'The daemon was ended before it was ready.'),
    )
    await this.#ready.catch(() => undefined)
    admission.close()
    this.schedules.close()
    this.context.begun.close()
    await this.#reconciler.close()
    await this.context.door.close()
    log.info('stopped; agents go on')
    // What the end cuts off has nothing to say.
    const { level } = log
    log.level = 'silent'
    this.#ending.abort(new Error('the daemon is ending'))
    this.context.runtimes.forEach((runtime) => runtime.close?.())
    await this.schedules.ended()
    // Who waited for something looks once more before the store closes.
    await setImmediate()
    await this.context.folders.close()
    try {
      store.close()
    } catch (error) {
      // On a full disk the log of the database stays beside it; the next daemon reads both.
      log.level = level
      log.warn({ err: error }, 'the database could not be folded together')
    }
    rmSync(home.daemonFile, { force: true })
    this.#lock.release()
  }

  async #begin(): Promise<void> {
    const { store, log, now, config, begun, door } = this.context
    begun.watch(
      (runId) => store.runs.get(runId) !== undefined,
      (agentId) => void lookAtBegun(this.#reconciler, agentId),
    )
    store.settleClock(now(), config.restart.backoffMostMs)
    store.transaction('relaxed', () =>
      store.events.append(
        { type: 'daemon.started', data: { version: this.#version, pid: process.pid } },
        now(),
      ),
    )
    // Agents are held from here on, before anything can be asked of them.
    const recovered = recoverRuns(this.context, this.#reconciler, {
      report: this.#recovered,
      signal: this.#recovering.signal,
    })
    await Promise.all([recovered, door.reopen()])
    begun.agents.forEach((agentId) => this.#reconciler.kick(agentId))
    superviseRuns(this.context, this.#reconciler)
    this.schedules.look()
    log.info(
      { version: this.#version, node: process.version, home: this.context.home.folder },
      'started',
    )
  }
}
