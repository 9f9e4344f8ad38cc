import type { ProviderEvent } from '../contract.ts'

/** Adds events to a list; what continues the last one, text of the same kind, joins it. */
export function appendEvents(list: ProviderEvent[], added: readonly ProviderEvent[]): void {
  for (const event of added) {
    const last = list.at(-1)
    const joined = last ? join(last, event) : null
    if (joined) {
      list[list.length - 1] = joined
    } else {
      list.push(event)
    }
  }
}

function join(last: ProviderEvent, event: ProviderEvent): ProviderEvent | null {
  if ((event.type === 'text' || event.type === 'thinking') && last.type === event.type) {
    return { type: event.type, text: last.text + event.text }
  }
  if (event.type === 'output' && last.type === 'output' && last.stream === event.stream) {
    return { ...event, text: last.text + event.text }
  }
  return null
}
