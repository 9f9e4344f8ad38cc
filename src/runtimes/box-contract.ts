import type { Readable, Writable } from 'node:stream'
import type { AgentReference, BoxWish } from './box.ts'
import type { Handle, TerminalSize } from './contract.ts'

/** An agent's box, whether or not a run lives in it. */
export interface BoxReference extends Pick<BoxWish, 'container'> {
  agent: AgentReference
}

/** A program to run beside the agent's own, for as long as somebody holds it. */
export interface BoxExec {
  /** A bare name is looked for inside. */
  argv: readonly string[]
  /** Over the box's own. */
  env: Readonly<Record<string, string>>
  /** Absolute folder inside. */
  cwd: string
  /** `name`, `uid` or `uid:gid`; null: the agent's. */
  user: string | null
  /** Null: it gets pipes. */
  terminal: TerminalSize | null
}

/** A program that runs so. */
export interface BoxProgram {
  /** Its end is the end of the program's input. What comes after the program ended goes nowhere. */
  readonly stdin: Writable
  /** With a terminal, all of its output. Both must be read: one that is not stops the other. */
  readonly stdout: Readable
  readonly stderr: Readable
  resize(size: TerminalSize, signal: AbortSignal): Promise<void>
  /** Sends a signal, as `TERM`, to it and all that it started. */
  kill(name: string, signal: AbortSignal): Promise<void>
  /** Asked for after the end of its output; null where nobody can tell. */
  exitCode(signal: AbortSignal): Promise<number | null>
  /** Lets go of it. */
  close(): void
}

/** What is at a path inside. */
export interface BoxEntry {
  /** Where a link leads, else the path itself. */
  path: string
  kind: 'file' | 'folder' | 'other'
  sizeBytes: number
}

/**
 * What people can do in agents' boxes beside their runs: a runtime with the capability `exec` has it.
 * Paths are absolute, inside. Errors of all: `box_not_found` where there is no box yet, and those of
 * the backend.
 */
export interface BoxAccess {
  /**
   * Runs a program in the box of a run that lives. It ends by the signal. One that is not there ends
   * with 127, as from a shell, and where the folder is not there with 126.
   */
  exec(handle: Handle, request: BoxExec, signal: AbortSignal): Promise<BoxProgram>
  /** Null: nothing is there. */
  stat(box: BoxReference, path: string, signal: AbortSignal): Promise<BoxEntry | null>
  /** A tar of what is there; null: nothing is. It must be read to its end or destroyed. */
  read(box: BoxReference, path: string, signal: AbortSignal): Promise<Readable | null>
  /** Unpacks a tar into a folder; all of it becomes the agent's. Errors: `invalid_request` for what is no tar. */
  write(box: BoxReference, path: string, tar: Readable, signal: AbortSignal): Promise<void>
  /** Makes a folder, the agent's; its parent must be there. */
  makeFolder(box: BoxReference, path: string, signal: AbortSignal): Promise<void>
}
