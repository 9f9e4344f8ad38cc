export interface CallOptions {
  signal?: AbortSignal | undefined
  /** Until the answer is here, on top of `waitSeconds`. Default 30 s. */
  deadlineMs?: number | undefined
}

export interface WaitOptions extends CallOptions {
  /** How long the daemon may hold the answer back until the thing is done, at most 300 s. */
  waitSeconds?: number | undefined
}

/** Which agents are listed: those for which all hold that is given. */
export interface ListOptions extends CallOptions {
  /** Also stopped and failed ones. */
  all?: boolean | undefined
  /** Also what boxes use now, which takes up to a second where there are any. */
  stats?: boolean | undefined
  tag?: string | undefined
  capability?: string | undefined
  label?: string | undefined
}

export function listQuery({ all, stats, tag, capability, label }: ListOptions): {
  [name: string]: string | true | undefined
} {
  return { all: all || undefined, stats: stats || undefined, tag, capability, label }
}

/** How long an answer may take that nobody holds back. */
export const answerMs = 30_000

/** The deadline of a call, and its signal. */
export function withDeadline({
  signal,
  deadlineMs = answerMs,
  waitSeconds = 0,
}: WaitOptions = {}): {
  deadlineMs: number
  signal: AbortSignal | undefined
} {
  return { deadlineMs: deadlineMs + waitSeconds * 1000, signal }
}

export function agentPath(name: string): string {
  return `/v1/agents/${encodeURIComponent(name)}`
}
