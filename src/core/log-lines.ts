import type { LogEntry } from '../schema/event.ts'

/** What a log is made from: an event with its data. */
export interface LoggedEvent {
  seq: number
  at: number
  type: string
  data: Record<string, unknown>
}

type Stream = LogEntry['stream']

/**
 * Makes lines of an agent's events, in order. Text that came in pieces is put together; a line ends
 * with its newline, with the turn, or when another stream speaks.
 */
export class LogLines {
  #open: { seq: number; at: number; stream: Stream; text: string } | null = null

  push(event: LoggedEvent): LogEntry[] {
    const said = saidBy(event)
    if (!said) {
      return endsLine.has(event.type) ? this.flush() : []
    }
    const entries = this.#open && this.#open.stream !== said.stream ? this.flush() : []
    // Only what is new is looked at: a long line in small pieces is not read again with each.
    const lines = said.text.split('\n')
    lines[0] = (this.#open?.text ?? '') + (lines[0] ?? '')
    const rest = lines.pop() ?? ''
    for (const text of lines) {
      entries.push({ seq: event.seq, at: event.at, stream: said.stream, text })
    }
    this.#open =
      rest === '' ? null : { seq: event.seq, at: event.at, stream: said.stream, text: rest }
    return entries
  }

  /** The line that is still open, as it is. */
  flush(): LogEntry[] {
    const open = this.#open
    this.#open = null
    return open ? [open] : []
  }
}

const endsLine: ReadonlySet<string> = new Set([
  'turn.started',
  'turn.ended',
  'run.ended',
  'run.starting',
])

/** What an event adds to the log; null for those that are no speech. */
function saidBy({ type, data }: LoggedEvent): { stream: Stream; text: string } | null {
  switch (type) {
    case 'text':
      return { stream: 'out', text: String(data['text']) }
    case 'output':
      return { stream: data['stream'] === 'err' ? 'err' : 'out', text: String(data['text']) }
    case 'tool.call':
      return {
        stream: 'system',
        text: `tool ${String(data['name'])} ${JSON.stringify(data['input'])}\n`,
      }
    case 'tool.result':
      return {
        stream: 'system',
        text: `tool ${data['isError'] === true ? 'error' : 'result'}: ${String(data['output'])}\n`,
      }
    case 'error':
      return {
        stream: 'system',
        text: `error (${String(data['class'])}): ${String(data['message'])}\n`,
      }
    case 'network.refused':
      return {
        stream: 'system',
        text: `kept from ${String(data['host'])}:${String(data['port'])}: ${String(data['why'])}\n`,
      }
    case 'run.ended':
      return data['status'] === 'failed' || data['status'] === 'lost'
        ? { stream: 'system', text: `run ${data['status']}: ${String(data['cause'])}\n` }
        : null
    default:
      return null
  }
}
