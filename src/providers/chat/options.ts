import path from 'node:path'
import { z } from 'zod'
import { toolNames } from './tool-definitions.ts'

const text = z
  .string()
  .min(1)
  .refine((value) => !value.includes('\0'), 'contains NUL')
const milliseconds = z.number().int().min(1).max(3_600_000)

/** Options of the `chat` provider, under `options` of a spec or template. */
export const ChatOptions = z
  .strictObject({
    /** Which model endpoint; `auto` takes Ollama if it answers, else OpenAI-compatible, else practice. */
    endpoint: z.enum(['auto', 'ollama', 'openai', 'practice']).default('auto'),
    /** Base address instead of the one in config.yaml; with `auto` it is taken for OpenAI-compatible. */
    url: z.url({ protocol: /^https?$/ }).optional(),
    /** File that holds the key for `url`, absolute. Keys from config.yaml go to their own address only. */
    keyFile: text.refine((file) => path.isAbsolute(file), 'must be an absolute path').optional(),
    /** Memory file, relative to the agent's folder; left out, `MEMORY.md` in the agent's state. */
    memory: text.optional(),
    /** All tools, none, or those named. */
    tools: z.union([z.boolean(), z.array(z.enum(toolNames))]).default(true),
    /** Of these, tools that it does not get. */
    denyTools: z.array(z.enum(toolNames)).default([]),
    /** Tools that it asks about before each use: all, none, or those named. */
    askTools: z.union([z.boolean(), z.array(z.enum(toolNames))]).default(['run_command']),
    /** Answers with tool calls in one turn before the agent must come to an end. */
    maxToolRounds: z.number().int().min(1).max(100).default(20),
    /** Longest run of one command. */
    commandDeadlineMs: milliseconds.default(120_000),
    /** Longest wait for a connection to the endpoint. */
    connectDeadlineMs: milliseconds.default(10_000),
    /** Longest silence of the endpoint in mid-answer, also before its first word. */
    silenceDeadlineMs: milliseconds.default(120_000),
    /** Conversation given to the model, bytes; the oldest turns are left out first. */
    historyBytes: z.number().int().min(1024).max(16_777_216).default(262_144),
  })
  .refine((options) => options.endpoint !== 'practice' || options.url === undefined, {
    path: ['url'],
    message: 'has no meaning with endpoint "practice"',
  })
  .refine((options) => options.url !== undefined || options.keyFile === undefined, {
    path: ['keyFile'],
    message: 'needs "url"; the key of a configured endpoint is named in config.yaml',
  })
export type ChatOptions = z.infer<typeof ChatOptions>
