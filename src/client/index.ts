import { Client } from './client.ts'
import type { Target } from './transport.ts'

export { Client } from './client.ts'
export type * from './client-types.ts'
export type { CallOptions, ListOptions, WaitOptions } from './call-options.ts'
export type { BoxClient } from './box-client.ts'
export type { ExecEvent, ExecStream } from './exec-stream.ts'
export type { CostClient, CostOptions } from './cost-client.ts'
export type { GuestClient } from './guest-client.ts'
export type { ImageClient } from './image-client.ts'
export type { WorktreeClient } from './worktree-client.ts'
export type { ScheduleClient } from './schedule-client.ts'
export type { AttachOptions, EventsOptions } from './event-stream.ts'
export type { LogOptions } from './log-stream.ts'
export type { Body, ResumeOptions, ResumingStream } from './resuming-stream.ts'
export type { TerminalEvent, TerminalOptions, TerminalStream } from './terminal-stream.ts'
export type { TerminalSize } from '../schema/terminal.ts'
export type { Target } from './transport.ts'
export { DroverError, type ErrorCode, type Problem } from '../schema/error.ts'
export { errorTable } from '../schema/error-table.ts'

/** A client of one daemon; nothing is connected before the first call. */
export function createClient(target: Target): Client {
  return new Client(target)
}
