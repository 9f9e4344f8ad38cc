import type { z } from 'zod'
import type { AgentSpec, Cost } from '../schema/agent.ts'
import type { Upstream } from '../schema/config.ts'
import type { VersionRange } from '../core/version-range.ts'
import type { ProviderEvent } from './provider-event.ts'

export type { ErrorClass } from '../schema/error-class.ts'
export type { ProviderEvent } from './provider-event.ts'

/**
 * WHAT runs: the adapter to one agent program. It says how to launch it, turns messages into bytes
 * for its input, and its output into the same events for every program. It has no effects but
 * `detect` and the files that `launch` asks for.
 */
export interface Provider extends Speech {
  readonly name: string
  /** The program's name for people: "Claude Code". */
  readonly title: string
  /** How its program is used at a terminal, for one that can be. Sessions are those of the other way. */
  readonly terminal?: Speech
  /** The provider's own options, strict: unknown keys are errors. */
  readonly options: z.ZodType<object>
  /** Fields of the spec that it can't honour; using one is an error that names it. */
  readonly unsupported: readonly SpecField[]
  /** Options common to several providers that it honours; any other is an error that names it. */
  readonly honours?: readonly OptionField[]
  /** The words that `effort` may be, where it is honoured. */
  readonly efforts?: readonly string[]
  /** Why arguments (`args` of the spec) can't be given to its program, naming the one; null: they can. */
  refuseArguments?(args: readonly string[]): string | null
  /** Asked before an agent is made: throws a DroverError for what does not go together, naming the field. */
  checkSpec?(spec: AgentSpec): void
  /** How its program is had: what it is called, and the npm package that has it. */
  readonly installation?: { program: string; package: string }
  /** The versions of its program that the suites ran with; others are used with a warning. */
  readonly tested?: VersionRange
  /** Find the program without starting it for real. No model is asked. */
  detect(context: ProviderContext): Promise<Detection>
  /**
   * Whether its program would be logged in, from files and environment alone: it is asked before an
   * agent is made, so it starts nothing and waits for nothing. `no` only where that is sure. Left
   * out: it needs no login.
   */
  login?(request: LoginRequest): Login
  /** How to log in, for one that can be asked whether it is. */
  readonly loginHint?: string
  /**
   * A session that its program has from elsewhere, for a new agent to go on with: the one of that id,
   * or without one the latest of the agent's folder. null: there is none. Left out: it can't be looked
   * for; an id is then given to the program as it is, where that can resume.
   */
  findSession?(request: SessionRequest): Promise<FoundSession | null>
}

/** How one program is brought up, spoken to and understood: by a protocol on its pipes, or at a terminal. */
export interface Speech {
  readonly capabilities: ProviderCapabilities
  /** What of them is left with these options of an agent, where an option costs some. */
  capabilitiesWith?(options: Readonly<Record<string, unknown>>): ProviderCapabilities
  /** How its program ends best: input closed and `askMs` to go by itself, before TERM. 0: TERM at once. */
  readonly askMs: number
  /** argv, environment and files for one run. Throws DroverError `program_not_found`. */
  launch(request: LaunchRequest): Promise<ProviderLaunch>
  /**
   * A message as bytes for the program's input; at a terminal they are strokes (`core/strokes.ts`).
   * The same message always gives the same bytes, but with a handshake: then `state` is the
   * decoder's as it stands, and the bytes are stored as they are.
   */
  encode(message: OutgoingMessage, state: DecoderState | null): string
  /** Makes the reader of one run's output, from the state an earlier one left, or null at the start. */
  createDecoder(state: DecoderState | null, spec: AgentSpec): Decoder
  /** First state of a run that resumes a session, from the last state of the run before it. */
  carry?(previous: DecoderState, from: CarriedFrom): DecoderState
  /** The answer to a question as bytes for the input of the run that asked. Needs `approvals`. */
  answer?(question: AskedQuestion, answer: Answer): string
  /** Bytes that end the turn under way and leave the program usable; null: there is nothing to end. */
  interrupt?(state: DecoderState | null): string | null
  /** Bytes that change what of it a program under way can change; null: not as things stand. */
  reload?(change: Reload, state: DecoderState | null): string | null
}

/** What kind of run left a state: `other` had a terminal where this one has none, or the other way round. */
export type CarriedFrom = 'same' | 'other'

export interface ProviderCapabilities {
  /** Speaks events, not only text. */
  structured: boolean
  /** It can be used at a terminal, too, or is. */
  terminal: boolean
  /** A later run can go on with the session. */
  resume: boolean
  approvals: boolean
  /** A model can be chosen. */
  models: boolean
  /** Reports tokens, money or both. */
  cost: boolean
  /**
   * Says when it takes a message, before it does anything for it, and when a turn is over. Messages
   * are then given one at a time, and one that was not taken can be given to another run.
   */
  turns: boolean
  /**
   * Must be greeted before it takes messages: the launch has a first `input`, the decoder answers by
   * `input` events, and messages wait for its `ready`.
   */
  handshake: boolean
  /** A message can join the turn under way. */
  steer: boolean
  /** A turn can be ended and the program stays. */
  interrupt: boolean
  /** A later run can begin with a copy of the session. */
  fork: boolean
  /** What a program under way can change. All else changes with its next run. */
  reload: readonly (keyof Reload)[]
}

/** What of a spec can change while the agent lives. */
export interface Reload {
  model?: string
  /** All that it is told of itself and its place, as `systemPrompt` of a launch. */
  persona?: string
  trigger?: string
  /** Options of the provider, those that change; null goes. */
  options?: Readonly<Record<string, unknown>>
}

/** What a program asked, as its `question` event told. */
export interface AskedQuestion {
  id: string
  tool: string
  input: unknown
  /** What the decoder put into the event for the answer's sake. */
  reply: unknown
}

export interface Answer {
  isAllowed: boolean
  /** Also for the same from now on, as far as the program can remember that in its session. */
  isForSession: boolean
  /** To the program: why not, or what to do instead. */
  message: string | null
}

export type SpecField = 'model' | 'persona' | 'trigger' | 'program'

export type OptionField = 'effort' | 'profile' | 'addDirs' | 'args'

/** What a provider may know of the machine and the config. */
export interface ProviderContext {
  /** Environment of the agent; PATH is searched for the program. */
  env: Readonly<Record<string, string>>
  /** Program path from config, when given. */
  programPath: string | null
  /** Its program is not one of this machine: names are resolved where it runs. */
  isElsewhere?: boolean
  /** Model endpoints from config. */
  upstreams: Readonly<Partial<Record<'anthropic' | 'openai' | 'gemini' | 'ollama', Upstream>>>
  signal: AbortSignal
}

export interface Detection {
  usable: boolean
  /** Path and version, or what is missing. */
  detail: string
  /** How to install or log in; null when nothing is to do. */
  hint: string | null
  /** The program's own, `2.1.329`; null where it has none or does not say. */
  version: string | null
  login: Login
}

/** `yes`: it has what it needs to ask a model; whether that is still taken, only a turn can tell. */
export type Login = 'yes' | 'no' | 'unknown'

/** What a login follows from. */
export interface LoginRequest extends ProviderContext {
  /** The agent's options, checked; none when the machine is looked at. */
  options: Readonly<Record<string, unknown>>
  /** Folder of the agent's own state; null when the machine is looked at. */
  stateFolder: string | null
}

export interface SessionRequest extends ProviderContext {
  spec: AgentSpec
  /** Folder of the agent's own state, absolute. */
  stateFolder: string
  session: string | null
}

export interface FoundSession {
  id: string
  /** To be there before the first run: copied where they are not there yet. `to` is inside the state folder. */
  files: readonly { from: string; to: string }[]
}

export interface LaunchRequest extends ProviderContext {
  agent: { id: string; name: string }
  spec: AgentSpec
  /** The conversation to go on with; null starts a fresh one. */
  resume: string | null
  /** Go on with a copy of it, under an id of its own. Needs `fork`. */
  isFork: boolean
  /** What it is told of itself and its place, all layers in one text, the persona with them; null: nothing. */
  systemPrompt: string | null
  /** A new id, for a provider that lets its caller choose the session's. */
  newSession: string
  /** Folder of the agent's own state, absolute; files of the launch live below it. */
  stateFolder: string
  /** Folder of the run, absolute: hooks append to `notes` there, and find answers in `answers/`. */
  runFolder: string
}

export interface ProviderLaunch {
  argv: readonly [string, ...string[]]
  /** On top of the agent's environment. */
  env: Readonly<Record<string, string>>
  /** Written 0600 before the start; paths absolute, inside the state folder. */
  files: readonly { path: string; content: string }[]
  /** With a handshake: the first bytes of its input. */
  input?: string
  /** Folders and files of the machine that its program needs beside the state folder, absolute. */
  folders?: readonly string[]
  /** The transcript that the program itself keeps, where its place is known before it starts. */
  transcript?: Transcript
  /**
   * Memory that the program reserves and does not use, bytes: where a limit of memory counts what is
   * reserved, it must have that much more. Left out: nobody knows, and such a limit is refused.
   */
  reservedBytes?: number
}

/** A file of lines that a program appends to, read from an offset on. It need not be there yet. */
export interface Transcript {
  /** Absolute. */
  file: string
  /** Bytes of it that are of before. */
  offset: number
}

/** Where lines come from: the program's output, what its hooks noted, its own transcript. */
export type Stream = 'out' | 'err' | 'notes' | 'transcript'

export interface OutgoingMessage {
  id: string
  from: string
  body: string
  /** It is to join the turn under way. */
  isSteering?: boolean
}

/** Plain JSON; stored in the same transaction as the events it produced. */
export type DecoderState = Record<string, unknown>

/** Reads one run's output, line by line. Deterministic: the same input gives the same events. */
export interface Decoder {
  /** A message went into the program's input. */
  sent(message: OutgoingMessage, now: number): ProviderEvent[]
  /** `out` is a screen and not read: its redraws tell nothing. */
  readonly isBlindToScreen?: boolean
  /** Whole lines without their newline; `isCut` tells that the last one is a piece of a longer line. */
  push(stream: Stream, lines: readonly string[], context: PushContext): ProviderEvent[]
  /**
   * When `due` must be called though nothing was printed, Unix ms; null: never. A time that it
   * noted itself and that lies ahead of `now` is from before the clock was set back: it counts as now.
   */
  dueAt(now: number): number | null
  due(now: number): ProviderEvent[]
  /** The program is gone, well or badly; turns that its ending answers are closed, others are left open. */
  ended(now: number, isSuccess: boolean): ProviderEvent[]
  snapshot(): DecoderState
}

export interface PushContext {
  now: number
  isCut: boolean
}

/** A cost of which nothing is known. */
export const unmeasured: Cost = { usd: null, inputTokens: null, outputTokens: null }
