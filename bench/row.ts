import type { Scratch } from './scratch.ts'

/** One line of the table: something measured, beside its floor of the same run. */
export interface Finding {
  what: string
  /** With its unit, as printed. */
  measured: string
  floor: string
  /** What the goal compares, as printed: `1.8×`; empty where the goal is a plain figure. */
  ratio: string
  goal: string
  /** Null where the line has no goal of its own. */
  isMet: boolean | null
  /** The plain figures, for programs: unit in the name. */
  figures: Readonly<Record<string, number>>
}

/** One row of the table: a file of `rows/`. */
export interface Row {
  name: string
  /** Returns its findings, or a line that says why it can't be measured here. */
  measure(scratch: Scratch): Promise<Finding[] | string>
}
