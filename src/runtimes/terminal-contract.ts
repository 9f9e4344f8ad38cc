/** Of a terminal, in characters. */
export interface TerminalSize {
  cols: number
  rows: number
}

/** What comes to somebody who looks at a terminal, in the order in which it happened. */
export type TerminalEvent =
  /**
   * Bytes that draw what is there on a terminal that was just reset: lines that scrolled away, the
   * screen, colours, modes and the cursor. First of all, and again where output was left out since
   * the reader was too slow, and after `redraw`. What follows goes on from it exactly.
   */
  | { type: 'screen'; bytes: Uint8Array; size: TerminalSize }
  | { type: 'output'; bytes: Uint8Array }
  | { type: 'resized'; size: TerminalSize }
  /** Its program is gone, or the terminal can't be asked any more. Nothing follows. */
  | { type: 'gone'; cause: string }

export interface TerminalOptions {
  /** The size the onlooker has; the smallest of those who may type is the terminal's. */
  size: TerminalSize
  /** Can't type, and its size counts for nothing. */
  isReadOnly: boolean
  /** Told of each event; never before `openTerminal` has resolved. */
  onEvent: (event: TerminalEvent) => void
  signal: AbortSignal
}

/** One person at a run's terminal. What they type goes to the program at once and is no message. */
export interface TerminalConnection {
  write(bytes: Uint8Array): void
  resize(size: TerminalSize): void
  /** Asks for the screen anew. */
  redraw(): void
  /** No more events until `resume`; what can't be kept meanwhile is left out, and a `screen` told instead. */
  pause(): void
  resume(): void
  close(): void
}
