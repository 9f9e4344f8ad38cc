import type { RunnerFinding } from '../../../schema/reports.ts'
import { encodeRunnerLine } from '../protocol.ts'
import type { RunnerProcess } from './runner-process.ts'
import type { PrintedLine, Stretch } from './transcript.ts'

/** Longest wait for what takes no thought, ms. */
const quickMs = 5000

export function quickDeadline({ deadlineMs }: Exam): number {
  return Math.min(quickMs, deadlineMs)
}

/** What the parts of a check share. */
export interface Exam {
  prompt: string
  /** Longest wait for `ready`, and for the end of a turn. */
  deadlineMs: number
  say(text: string): void
  report(...findings: readonly RunnerFinding[]): void
  /** Starts the program, told to go on with a session or not. */
  start(resume: string | null): Promise<RunnerProcess>
}

/** It is alive, and has read all that came before. */
export async function ping(exam: Exam, runner: RunnerProcess): Promise<Stretch> {
  exam.say('a ping')
  const from = runner.lines.length
  runner.write(encodeRunnerLine({ type: 'ping' }))
  return await runner.follow(from, (lines) => has(lines, 'pong'), quickDeadline(exam))
}

/** Whatever id it has: a wrong one is told, not waited for. */
export async function untilStopped(
  runner: RunnerProcess,
  from: number,
  deadlineMs: number,
): Promise<Stretch> {
  return await runner.follow(from, (lines) => has(lines, 'agent_stopped'), deadlineMs)
}

export function has(lines: readonly PrintedLine[], type: string): boolean {
  return lines.some(({ value }) => value?.['type'] === type)
}
