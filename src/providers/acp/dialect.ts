import type { ErrorClass } from '../contract.ts'
import type { JsonObject } from './wire.ts'

/** How one program's ACP differs from what the protocol says, and what it is asked for. */
export interface Dialect {
  /** The program's name, for messages to people. */
  title: string
  /** The folder it works in, absolute. */
  dir: string
  /** Model to choose over the protocol; null: it was told otherwise, or has its own. */
  model: string | null
  /** How hard it thinks, to choose over the protocol. */
  effort: string | null
  /** Session mode to choose over the protocol: what needs a question, as the program names it. */
  mode: string | null
  /** Settings to choose over the protocol, by the program's own ids. */
  settings: Readonly<Record<string, string | boolean>>
  /** Way to log in, by the program's own id; null: it is logged in already. */
  authMethod: string | null
  /** More folders to work in, absolute. */
  addDirs: readonly string[]
  /** Longest silence in a turn while no tool runs and nothing is asked, ms; 0: any. */
  silentMs: number
  /** What such a silence most likely means, where the program says nothing on the side. */
  silenceClass: ErrorClass
  /**
   * A loaded conversation is told again after the answer to `session/load`, not before it: it is
   * over once the program was quiet for so long, ms. 0: the program keeps to the protocol.
   */
  replayQuietMs: number
  /** Tokens that it reports are of the last call of a turn, not of all. */
  hasTokensOfLastCall: boolean
  /** A tool's name where the program does not give it in `name`; null: not here either. */
  toolName(update: JsonObject): string | null
  /** A tool's input where the program does not give it in `rawInput`; null: not here either. */
  toolInput(update: JsonObject): unknown
  /** What a line of stderr tells of a failure that the program tries to get over; null: nothing. */
  readTrouble(line: string): string | null
}

/** A program that keeps to the protocol. */
export const plainDialect: Omit<Dialect, 'title' | 'dir'> = {
  model: null,
  effort: null,
  mode: null,
  settings: {},
  authMethod: null,
  addDirs: [],
  silentMs: 0,
  silenceClass: 'network',
  replayQuietMs: 0,
  hasTokensOfLastCall: false,
  toolName: () => null,
  toolInput: () => null,
  readTrouble: () => null,
}
