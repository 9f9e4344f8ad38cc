/** A tool that the model asked for. */
export interface ToolCall {
  id: string
  name: string
  /** JSON text as the model wrote it. */
  input: string
}

/** One line of a session file. A turn is `user`, then any steps, then `end`. */
export type Entry =
  | { type: 'session'; v: 1; id: string }
  | { type: 'user'; id: string; from: string; text: string; at: number }
  | Step
  | { type: 'end'; id: string; error: string | null }

/** What happened inside a turn, in order. */
export type Step =
  /** A message that joined the turn. */
  | { type: 'joined'; id: string; from: string; text: string }
  | { type: 'assistant'; text: string; toolCalls: ToolCall[] }
  | { type: 'tool'; id: string; output: string; isError: boolean }

export interface Turn {
  id: string
  from: string
  text: string
  steps: Step[]
  isEnded: boolean
}

/**
 * The turns that a session file tells of. A message that comes again after a crash in its turn
 * begins that turn anew; tool calls that a crash left without a result get one that says so.
 */
export function readTurns(entries: readonly Entry[]): Turn[] {
  const turns: Turn[] = []
  for (const entry of entries) {
    applyEntry(turns, entry)
  }
  return turns
}

/** Adds one entry to the turns it belongs to. */
export function applyEntry(turns: Turn[], entry: Entry): void {
  const last = turns.at(-1)
  switch (entry.type) {
    case 'session':
      return
    case 'user': {
      if (last && !last.isEnded) {
        closeTurn(last)
        if (last.id === entry.id) {
          turns.pop()
        }
      }
      turns.push({ id: entry.id, from: entry.from, text: entry.text, steps: [], isEnded: false })
      return
    }
    case 'end':
      if (last) {
        closeTurn(last)
      }
      return
    default:
      last?.steps.push(entry)
  }
}

/** Endpoints refuse a conversation with a tool call that was never answered. */
function closeTurn(turn: Turn): void {
  turn.isEnded = true
  const answered = new Set(turn.steps.flatMap((step) => (step.type === 'tool' ? [step.id] : [])))
  const calls = turn.steps.flatMap((step) => (step.type === 'assistant' ? step.toolCalls : []))
  for (const call of calls.filter(({ id }) => !answered.has(id))) {
    turn.steps.push({
      type: 'tool',
      id: call.id,
      output: 'Interrupted: what it did is not known.',
      isError: true,
    })
  }
}

/** The latest turns that fit into a size, bytes of text; always the last one. */
export function recentTurns(turns: readonly Turn[], maxBytes: number): Turn[] {
  let bytes = 0
  let first = turns.length
  while (first > 0) {
    const turn = turns[first - 1]
    bytes += turn ? Buffer.byteLength(JSON.stringify(turn)) : 0
    if (bytes > maxBytes && first < turns.length) {
      break
    }
    first--
  }
  return turns.slice(first)
}
