import type { DecoderState, ErrorClass } from '../contract.ts'
import type { RpcId } from './wire.ts'

/** What the decoder remembers of one run. Plain JSON: it is how a conversation outlives the daemon. */
export interface AcpState extends DecoderState {
  phase: 'greeting' | 'authenticating' | 'opening' | 'settling' | 'ready' | 'unusable'
  plan: SessionPlan
  /** What the program said that it can. */
  offers: Offers
  session: string | null
  /** It was said that a later run can go on with it. */
  isSessionTold: boolean
  /** Told with the first prompt, since the program has no other place for it. */
  seed: string | null
  /** Requests of the opening that were not answered yet. */
  setups: string[]
  /** How its model is changed while it lives; null: it can't be. */
  modelSwitch: ModelSwitch | null
  /** In `settling`: when the program said something last, Unix ms. */
  quietSince: number
  turn: Turn | null
  /** Tools of the turn under way, by the program's id. */
  tools: Record<string, Tool>
  /** Questions that the turn under way asked. */
  questions: OpenQuestion[]
  /** Questions of the run so far. */
  asked: number
  /** It was begun by this run: nothing was spent before. */
  isFresh: boolean
  /** Sum of the session's cost, US dollars; null: the program has not said. */
  totalUsd: number | null
  /** The same at the start of the turn; null: not known. */
  usdBefore: number | null
  isMidLine: boolean
}

/** What the session is to be, as the launch decided; it comes back with the answer to the greeting. */
export interface SessionPlan {
  resume: string | null
  isFork: boolean
  systemPrompt: string | null
}

export interface Offers {
  load: boolean
  resume: boolean
  fork: boolean
  systemPrompt: boolean
  addDirs: boolean
}

export type ModelSwitch = { by: 'option'; id: string } | { by: 'method' }

export interface Turn {
  message: string
  startedAt: number
  /** When something of it was heard last, Unix ms. */
  heardAt: number
  isTaken: boolean
  /** Text since the last tool: the answer, when nothing follows. */
  reply: string
  /** The program's id of the message that the text belongs to. */
  part: string | null
  hasTools: boolean
  /** Why it is being cancelled by us, and since when. */
  failure: { class: ErrorClass; message: string; at: number } | null
  /** What the program said on the side of why it is silent. */
  hint: string | null
}

export interface Tool {
  name: string
  input: unknown
  isTold: boolean
  isOver: boolean
}

export interface OpenQuestion {
  id: string
  rpc: RpcId
}

export function initialState(): AcpState {
  return {
    phase: 'greeting',
    plan: { resume: null, isFork: false, systemPrompt: null },
    offers: { load: false, resume: false, fork: false, systemPrompt: false, addDirs: false },
    session: null,
    isSessionTold: false,
    seed: null,
    setups: [],
    modelSwitch: null,
    quietSince: 0,
    turn: null,
    tools: {},
    questions: [],
    asked: 0,
    isFresh: false,
    totalUsd: null,
    usdBefore: null,
    isMidLine: false,
  }
}

/** A state as it was stored, or the first of a run. */
export function readState(saved: DecoderState | null): AcpState {
  return saved ? { ...initialState(), ...saved } : initialState()
}

/** The sum of the cost goes on with the session; all else begins anew. */
export function carryAcpState(previous: DecoderState): DecoderState {
  return { ...initialState(), totalUsd: readState(previous).totalUsd ?? null }
}
