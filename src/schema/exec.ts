import { z } from 'zod'
import { Environment } from './environment.ts'
import type { Problem } from './error.ts'
import { limits } from './limits.ts'
import { TerminalSize } from './terminal.ts'

const Text = z.string().refine((text) => !text.includes('\0'), 'contains NUL')

/** A path inside of a container: absolute, or below the folder that the agent works in. */
export const BoxPath = Text.min(1, 'is empty').max(4096)

/** A program beside an agent, in its container: the first frame on `GET /v1/agents/{name}/exec`. */
export const ExecRequest = z.strictObject({
  /** Program and arguments, passed whole; a bare name is looked for inside. */
  argv: z
    .array(Text)
    .min(1, 'names no program')
    .max(limits.programArguments)
    .refine(([program]) => program !== '', 'names no program'),
  /** Over the agent's own. */
  env: Environment.default({}),
  /** `name`, `uid` or `uid:gid`; left out: the agent's. */
  user: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9_][\w.-]*(:[A-Za-z0-9_][\w.-]*)?$/, 'is no user, such as node or 1000:1000')
    .optional(),
  /** Where it starts; left out: the folder that the agent works in. */
  dir: BoxPath.optional(),
  /** It gets a terminal of this size; left out: pipes. */
  terminal: TerminalSize.optional(),
})
export type ExecRequest = z.infer<typeof ExecRequest>
export type ExecRequestInput = z.input<typeof ExecRequest>

/** Signals that may be sent to it. */
export const execSignals = ['INT', 'TERM', 'HUP', 'QUIT', 'KILL'] as const

/** What somebody says of a program beside its input, which is binary frames, as a text frame of JSON. */
export const ExecFrame = z.discriminatedUnion('type', [
  /** First of all, and once. */
  z.strictObject({ type: z.literal('start'), request: ExecRequest }),
  TerminalSize.extend({ type: z.literal('resize') }),
  /** All bytes of output that they have dealt with, from the first on. */
  z.strictObject({ type: z.literal('ack'), bytes: z.number().int().min(0) }),
  /** No more input will come. */
  z.strictObject({ type: z.literal('end') }),
  z.strictObject({ type: z.literal('signal'), signal: z.enum(execSignals) }),
])
export type ExecFrame = z.infer<typeof ExecFrame>
export type ExecSignal = (typeof execSignals)[number]

/** The first byte of a binary frame of output says what it is of. */
export const execStreams = { stdout: 1, stderr: 2 } as const

/** What they are told beside its output, as a text frame of JSON. Others may be added. */
export type ExecNotice =
  | { type: 'started' }
  /** All bytes of input that it has taken. */
  | { type: 'ack'; bytes: number }
  /** It ended and all it said was sent. Null: nobody can tell how. */
  | { type: 'exited'; code: number | null }
  /** Why it can't be; the connection ends. */
  | { type: 'error'; problem: Problem }

/** What is at a path inside of a container. */
export const BoxFile = z.object({
  /** Absolute. */
  path: z.string(),
  kind: z.enum(['file', 'folder', 'other']),
  /** Of a file. */
  bytes: z.number(),
})
export type BoxFile = z.infer<typeof BoxFile>

export const BoxFileQuery = z.object({ path: BoxPath })

export const ArchiveQuery = z.object({
  /** A folder. */
  path: BoxPath,
  /** Make it, where it is not there; its parent must be. */
  make: z.stringbool().default(false),
})
