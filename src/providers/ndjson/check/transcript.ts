import type { RunnerFinding } from '../../../schema/reports.ts'

/** A whole line of the program's stdout. */
export interface PrintedLine {
  text: string
  /** The object that it is; null where it is none. */
  value: Record<string, unknown> | null
}

export interface ProgramEnd {
  code: number | null
  signal: string | null
}

/** How waiting for something came out: it came, it did not in time, or the program was gone. */
export type Outcome = 'seen' | 'late' | 'gone'

/** What a program said in one stretch, and how that ended. */
export interface Stretch {
  lines: readonly PrintedLine[]
  outcome: Outcome
  /** How long it took, or was waited for. */
  tookMs: number
  /** Set once the program is gone. */
  end: ProgramEnd | null
  /** The end of what it said on stderr. */
  stderr: string
}

export function right(check: string, detail: string): RunnerFinding {
  return { check, verdict: 'right', detail, hint: null }
}

export function note(check: string, detail: string, hint: string | null = null): RunnerFinding {
  return { check, verdict: 'note', detail, hint }
}

export function wrong(check: string, detail: string, hint: string | null): RunnerFinding {
  return { check, verdict: 'wrong', detail, hint }
}

/** Objects of one type, in order. */
export function linesOf(lines: readonly PrintedLine[], type: string): Record<string, unknown>[] {
  return lines.flatMap(({ value }) => (value?.['type'] === type ? [value] : []))
}

/** `12 ms`, `1.5 s`. */
export function inWords(durationMs: number): string {
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${+(durationMs / 1000).toFixed(1)} s`
}

/** A text as one short line. */
export function excerpt(text: string, length = 80): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > length ? `${line.slice(0, length)}…` : line
}

/** How a program ended, with its last words. */
export function describeEnd(end: ProgramEnd | null, stderr: string): string {
  const how = end?.signal ? `was ended by ${end.signal}` : `ended with code ${end?.code ?? '?'}`
  const words = stderr.trim().split('\n').at(-1) ?? ''
  return words === '' ? how : `${how}: ${excerpt(words, 200)}`
}
