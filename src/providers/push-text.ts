import type { ProviderEvent } from './contract.ts'

/** What a decoder remembers of the text of its turn. */
export interface TextState {
  /** The turn said something that did not end its line. */
  isMidLine: boolean
}

/** Text blocks of one turn stand on lines of their own. */
export function startText(state: TextState, events: ProviderEvent[]): void {
  if (state.isMidLine) {
    pushText(state, '\n', events)
  }
}

export function pushText(state: TextState, text: string, events: ProviderEvent[]): void {
  if (text !== '') {
    pushJoined(events, { type: 'text', text })
    state.isMidLine = !text.endsWith('\n')
  }
}

/** Pieces that came together are one event. */
export function pushJoined(
  events: ProviderEvent[],
  event: { type: 'text' | 'thinking'; text: string },
): void {
  const last = events.at(-1)
  if (last?.type === event.type) {
    last.text += event.text
  } else {
    events.push(event)
  }
}
