import type { AgentLimits } from '../schema/agent-limits.ts'
import type { BoxImages } from './box-images.ts'
import type { AgentReference, BoxKind, BoxWish, Kept } from './box.ts'
import type { BoxAccess } from './box-contract.ts'
import type { NetworkKeeper } from './network-keeper.ts'
import type { TerminalConnection, TerminalOptions, TerminalSize } from './terminal-contract.ts'
import type { Units } from './units.ts'
import type { Use } from './use.ts'

export type * from './terminal-contract.ts'
export type { Use }

/**
 * WHERE an agent runs. Every runtime keeps the same record of a run, three files and an ending, in
 * the run's folder (see `run-folder.ts`); what differs is how the program is brought up and found again.
 *
 * Rules that `describeRuntime` checks: a handle is plain data, stored before it is needed; whatever
 * is made outside carries the instance id and the run id; `stop` and `destroy` may be called twice;
 * every call ends by its AbortSignal; nothing is destroyed on `unknown`.
 */

/** One program to bring up. Everything is data: argv is never a shell string. */
export interface Launch {
  run: RunReference
  /** Absolute path of the program, then its arguments, passed whole. */
  argv: readonly [string, ...string[]]
  /** The complete environment; nothing is added but the mark. */
  env: Readonly<Record<string, string>>
  /** Absolute folder the program starts in. */
  cwd: string
  /** What the program and all it starts may use; left out: as much as there is. */
  limits?: AgentLimits
  /** Memory that the program reserves and does not use, bytes; left out: nobody knows. */
  reservedBytes?: number
  /**
   * It gets a terminal of this size for its input and output. `out` is then what it sent there, byte
   * by byte, `err` stays empty, and `in` holds strokes (`core/strokes.ts`). Left out: it gets pipes.
   * Needs the capability.
   */
  terminal?: TerminalSize
  /** What a box of the agent's own is made of; for a runtime whose programs are elsewhere. */
  box?: BoxWish
  /** A guest's: the life of its agent's box that it is in, and ends with. */
  beside?: { agent: AgentReference; handle: Handle }
}

/** What the limits of a launch are judged by. */
export type LimitedLaunch = Pick<Launch, 'limits' | 'reservedBytes'> & { box?: BoxKind }

/** What names a run, known before anything is started. */
export interface RunReference {
  /** Run id, unique over all homes. */
  id: string
  /** Id of the home that owns it. */
  instance: string
  /** The run's folder, absolute; it holds `in`, `out`, `err`, `exit`. */
  folder: string
}

/** A runtime's own note of how to find a run again: plain, versioned JSON. */
export interface Handle {
  v: number
  [key: string]: unknown
}

/** How a program ended. `code` is null when a signal ended it; signals are told by the shell's 128 + n. */
export interface Exit {
  code: number | null
  signal: string | null
}

/** What became of a run while nobody watched. */
export type Recovery =
  | { state: 'running'; handle: Handle }
  /** It is as `suspend` left it. */
  | { state: 'suspended'; handle: Handle }
  | { state: 'exited'; exit: Exit }
  /**
   * Gone with no record. After this answer the run can't start any more. `isUnstarted`: it never did;
   * `isRefused`: nor will another as things are, until a person has mended what the cause says;
   * `isMachineFault`: the machine went down under it.
   */
  | {
      state: 'lost'
      cause: string
      isUnstarted?: boolean
      isRefused?: boolean
      isMachineFault?: boolean
    }
  /** The backend can't be asked. */
  | { state: 'unknown'; cause: string }

export type Liveness = 'alive' | 'dead' | 'unknown'

/** What the processes of a run have done so far. */
export interface Work {
  /** Identities of all of them, sorted: as long as they are the same, the same processes live. */
  processes: readonly string[]
  /** Processor time that they took, ms. */
  cpuMs: number
}

/** Something outside that carries our mark. */
export interface Found {
  /** Run id it was made for. */
  run: string
  /** What it is, for people: `process 4711 (sh)`. */
  what: string
}

export interface StopOptions {
  /** Close the program's input first and give it this long to end by itself, ms; 0 asks nothing. */
  askMs: number
  /** Then TERM to all of it, and this long until KILL, ms. */
  graceMs: number
  signal: AbortSignal
}

export interface RuntimeCapabilities {
  /** A program can have a terminal, and people can come to it. */
  terminal: boolean
  /** People can run programs in agents' boxes, and take files out and in. */
  exec: boolean
  limits: boolean
  /** A run can rest: it has `suspend` and `resume`. */
  snapshot: boolean
  networkPolicy: boolean
  /** Its programs are not those of this machine: each agent has, or is in, a box. */
  elsewhere: boolean
  /** The machine's own supervisor can bring a program up and keep it up: it has `units`. */
  selfSupervised: boolean
}

/** A limit that can't be kept on this machine. */
export interface LimitRefusal {
  limit: keyof AgentLimits
  /** A clause for people. */
  reason: string
  /** What to do about it; null when nothing helps. */
  hint: string | null
}

/** Whether a runtime can be used on this machine. */
export interface Probe {
  usable: boolean
  /** What was found: version, mode, which limits can be kept. */
  detail: string
  /** What to do where it is not usable, or could be better. */
  hint: string | null
}

export interface Runtime {
  readonly name: string
  readonly capabilities: RuntimeCapabilities
  readonly units?: Units
  /** Whoever has `networkPolicy` has it. */
  readonly networks?: NetworkKeeper
  /** What boxes are made of, in a runtime that makes them from images. */
  readonly images?: BoxImages
  /** Who has the capability `exec` has it. */
  readonly boxes?: BoxAccess
  probe(signal: AbortSignal): Promise<Probe>
  /**
   * The first of a launch's limits that can't be kept here; null when all can. Changes nothing. A
   * runtime with the capability has it; `start` throws `unsupported` for what it refuses.
   */
  checkLimits?(launch: LimitedLaunch, signal: AbortSignal): Promise<LimitRefusal | null>
  /**
   * Where an agent's box shows folders, in their order; left out: under the same path. Changes nothing.
   * Throws DroverError `invalid_dir` for one that can't be seen there.
   */
  locate?(box: BoxKind, folders: readonly string[], signal: AbortSignal): Promise<readonly string[]>
  /**
   * Bring the program up. The run folder exists. What takes long and comes before anything of the run
   * is made, an image for instance, is told in words for people: a start may be given up then, by the
   * signal. Throws DroverError `start_failed`, `unsupported`.
   */
  start(launch: Launch, signal: AbortSignal, tell?: (text: string) => void): Promise<Handle>
  /** Find a run again; `handle` is null when the daemon died before it could store one. */
  recover(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<Recovery>
  /** One look, no side effects. A run that is suspended is alive. */
  inspect(handle: Handle, signal: AbortSignal): Promise<Liveness>
  /** What its processes did so far; null where that can't be known for sure. */
  measureWork?(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Work | null>
  /** What its box uses now; null where it has none. Asked for by people who look, never by the daemon itself. */
  measureUse?(handle: Handle, signal: AbortSignal): Promise<Use | null>
  /** What an agent's own box is called, whether or not it is there. */
  nameBox?(agentId: string): string
  /** Bytes were appended to `in`. Never blocks; ringing once too often is harmless. */
  notifyInput(run: RunReference, bytes: number): void
  /** End of the program's input. */
  closeInput(run: RunReference): void
  /**
   * Lets a run rest as it is: from when this resolves until `resume` no instruction of its program
   * runs, and it holds what it must. What is appended to `in` meanwhile and rung for is there when it
   * is resumed, each byte once; a terminal may be gone meanwhile. One that rests already is left so.
   *
   * The handle may change, as where the process goes away and memory is on disk. The new one may get
   * lost before it is stored, so every call takes the one of before as well. A runtime with the
   * capability `snapshot` has both. Throws DroverError `suspend_failed` where it can't be: the run is
   * awake then, and is ended instead; of any other error nothing is known, and it is tried again.
   */
  suspend?(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle>
  /**
   * Lets its program go on where it was; one that is awake is left so. Throws DroverError
   * `resume_failed` where it never can: the run is then lost; of any other error nothing is known.
   */
  resume?(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle>
  /**
   * Ask, TERM, KILL; resolves when nothing of it lives. One that is suspended can't hear: it ends all
   * the same, within the same time, and need not be asked. Throws DroverError `stop_failed`.
   */
  stop(run: RunReference, handle: Handle, options: StopOptions): Promise<void>
  /** Release everything that was made for the run, suspended or not, its folder excepted. */
  destroy(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<void>
  /**
   * Comes to the terminal of a run that lives. A runtime with the capability `terminal` has it.
   * Throws DroverError `terminal_gone` where there is none any more.
   */
  openTerminal?(
    run: RunReference,
    handle: Handle,
    options: TerminalOptions,
  ): Promise<TerminalConnection>
  /**
   * What can be seen at a run's terminal, as text: a line for each row, blanks at its end left out.
   * Whoever has `openTerminal` has it. Throws as that does.
   */
  readScreen?(run: RunReference, handle: Handle, signal: AbortSignal): Promise<string>
  /** What is known of an ending beyond its code, where it is proven; null: nothing. Before `destroy`. */
  explainExit?(run: RunReference, exit: Exit): string | null
  /** Removes what is kept for an agent beyond its runs; none of them lives. May be called twice. */
  forget?(agent: AgentReference, signal: AbortSignal): Promise<void>
  /** Everything that is kept for agents of the instance. Whoever has `forget` has it. */
  listKept?(instance: string, signal: AbortSignal): Promise<Kept[]>
  /** Lets go of what it holds open, for the daemon ends; what it started goes on. */
  close?(): void
  /** Everything that carries the instance's mark: what lives, and what was made for what lived. */
  list(instance: string, signal: AbortSignal): Promise<Found[]>
}
