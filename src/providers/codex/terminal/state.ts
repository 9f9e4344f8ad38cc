import type { DecoderState } from '../../contract.ts'
import type { Typed } from '../../terminal/typed.ts'
import { createState, type CodexState } from '../state.ts'

/** What is remembered of a run at a terminal: as over the protocol, and what was typed. */
export interface TerminalState extends CodexState {
  protocol: 'terminal'
  isReady: boolean
  /** Messages that were typed and not taken yet, oldest first. */
  typed: Typed[]
  /** The session's file. */
  transcript: string | null
  /** Lines of it of before this are of the past, Unix ms. */
  since: number
  /** The turn that began and of which it is not known yet who asked for it. */
  begun: string | null
}

export function createTerminalState(): TerminalState {
  return {
    ...createState(),
    protocol: 'terminal',
    isReady: false,
    typed: [],
    transcript: null,
    since: 0,
    begun: null,
  }
}

/** The state of this run, or a fresh one with the sums that another run left. */
export function terminalStateFrom(saved: DecoderState | null): TerminalState {
  if (saved?.['protocol'] === 'terminal') {
    return saved as TerminalState
  }
  const totals = (saved as CodexState | null)?.totals ?? []
  return { ...createTerminalState(), totals }
}
