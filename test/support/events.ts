import { expect } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import type { Event, LogEntry } from '../../src/schema/event.ts'

/** Everything that happened so far. */
export async function readEvents(
  client: Client,
  options: { since?: number; agent?: string } = {},
): Promise<Event[]> {
  return await Array.fromAsync(client.events({ since: 0, ...options, isFollowing: false }))
}

export async function readLog(client: Client, agent: string): Promise<LogEntry[]> {
  return await Array.fromAsync(client.logEntries(agent))
}

/** Numbers that grow by one each: nothing is missing, nothing is doubled. */
export function expectGapless(events: readonly { seq: number }[], first = 1): void {
  const gap = events.findIndex(({ seq }, index) => seq !== first + index)
  expect(
    gap,
    gap < 0 ? '' : `event ${gap} has number ${events[gap]?.seq}, not ${first + gap}`,
  ).toBe(-1)
}

/** What an agent said on stdout, put together. */
export function saidIn(events: readonly Event[], agent?: string): string {
  return events
    .filter((event) => event.type === 'text' && (agent === undefined || event.agent === agent))
    .map(({ data }) => String(data['text']))
    .join('')
}

/** The states of each message's receipt, in order. */
export function receiptsIn(events: readonly Event[]): Record<string, string[]> {
  const receipts: Record<string, string[]> = {}
  for (const { type, data } of events) {
    if (type === 'message.state') {
      ;(receipts[String(data['id'])] ??= []).push(String(data['state']))
    }
  }
  return receipts
}
