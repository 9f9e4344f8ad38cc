import { readFileSync } from 'node:fs'
import type {
  Decoder,
  OutgoingMessage,
  ProviderEvent,
  Speech,
} from '../../src/providers/contract.ts'
import { AgentSpec } from '../../src/schema/agent.ts'

type Recorded =
  | { sent: OutgoingMessage; now: number }
  | { stream: 'notes' | 'transcript'; lines: readonly string[]; now: number }

/** What the program at a terminal noted and wrote, with what it was given; recorded of the real one. */
export function readRecording(name: string): Recorded[] {
  const file = new URL(`../fixtures/samples/terminal-${name}.jsonl`, import.meta.url)
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Recorded)
}

/** All that a decoder makes of a recording; line by line, and stored after each. */
export function replayTerminal(
  speech: Speech,
  recorded: readonly Recorded[],
  start: Record<string, unknown> | null = null,
): { events: ProviderEvent[]; decoder: Decoder } {
  const spec = AgentSpec.parse({ provider: 'any', runtime: 'tmux', dir: '/', program: [] })
  const events: ProviderEvent[] = []
  let decoder = speech.createDecoder(start, spec)
  const store = (): void => {
    const saved = JSON.parse(JSON.stringify(decoder.snapshot())) as Record<string, unknown>
    decoder = speech.createDecoder(saved, spec)
  }
  /** Timers whose time has come by then. */
  const pass = (until: number): void => {
    for (let at = decoder.dueAt(until); at !== null && at <= until; at = decoder.dueAt(until)) {
      events.push(...decoder.due(at))
      store()
    }
  }
  for (const step of recorded) {
    pass(step.now)
    if ('sent' in step) {
      events.push(...decoder.sent(step.sent, step.now))
      store()
      continue
    }
    for (const line of step.lines) {
      events.push(...decoder.push(step.stream, [line], { now: step.now, isCut: false }))
      store()
    }
  }
  pass((recorded.at(-1)?.now ?? 0) + 1000)
  return { events, decoder }
}

/** In a few words what happened, in its order. */
export function summaryOf(events: readonly ProviderEvent[]): string[] {
  return events.flatMap((event) => {
    switch (event.type) {
      case 'accepted':
      case 'turn.started':
        return [`${event.type} ${event.message}`]
      case 'turn.ended':
        return [
          `ended ${event.message}: ${event.error === null ? event.reply : `! ${event.error}`}`,
        ]
      case 'question':
        return [`asks: ${event.title}`]
      case 'question.closed':
        return ['asks no more']
      case 'tool.call':
        return [`calls ${event.name}`]
      case 'tool.result':
        return [event.isError ? 'it fails' : 'it works']
      case 'error':
        return [`error ${event.class}`]
      case 'status':
        return [`${event.status}${event.detail ? ` ${event.detail}` : ''}`]
      case 'text':
      case 'session':
      case 'transcript':
      case 'input':
        return []
      default:
        return [event.type]
    }
  })
}
