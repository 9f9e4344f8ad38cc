import { describe, expect, it, vi } from 'vitest'
import { TerminalTickets } from './terminal-tickets.ts'

const guide = { id: 'agent_1', name: 'guide', isReadOnly: false }
const minute = 60_000

describe('a ticket to a terminal', () => {
  let now = 0
  const tickets = new TerminalTickets(() => now)

  it('opens once, what it was made for', () => {
    const { ticket } = tickets.issue({ ...guide, isReadOnly: true })
    expect(tickets.redeem(ticket, 'guide')).toEqual({ ...guide, isReadOnly: true })
    expect(tickets.redeem(ticket, 'guide')).toBeNull()
  })

  it('opens for a minute, by a clock that nobody sets', () => {
    const [early, late] = [tickets.issue(guide), tickets.issue(guide)]
    expect(early.forMs).toBe(minute)
    now += minute - 1
    expect(tickets.redeem(early.ticket, 'guide')).toEqual(guide)
    now += 1
    expect(tickets.redeem(late.ticket, 'guide')).toBeNull()
  })

  it('opens no other agent, and is used up by the attempt', () => {
    const { ticket } = tickets.issue(guide)
    expect(tickets.redeem(ticket, 'other')).toBeNull()
    expect(tickets.redeem(ticket, 'guide')).toBeNull()
  })

  it.each(['', 'x', 'A'.repeat(43), '../..'])('is not %j', (text) => {
    tickets.issue(guide)
    expect(tickets.redeem(text, 'guide')).toBeNull()
  })

  it('of a connection that was lost opens for ten minutes from then on', () => {
    const onTaken = vi.fn<() => void>()
    const { ticket, start } = tickets.issueReturn(guide, onTaken)
    now += 100 * minute
    start()
    now += 10 * minute - 1
    expect(tickets.redeem(ticket, 'guide')).toEqual(guide)
    expect(onTaken).not.toHaveBeenCalled()
    const late = tickets.issueReturn(guide, onTaken)
    late.start()
    now += 10 * minute
    expect(tickets.redeem(late.ticket, 'guide')).toBeNull()
  })

  it('of a connection that lives still takes its place', () => {
    const onTaken = vi.fn<() => void>()
    const { ticket, start } = tickets.issueReturn(guide, onTaken)
    expect(tickets.redeem(ticket, 'guide')).toEqual(guide)
    expect(onTaken).toHaveBeenCalledOnce()
    start()
    expect(tickets.redeem(ticket, 'guide')).toBeNull()
  })

  it('goes when there are too many: the oldest first', () => {
    const first = tickets.issue(guide).ticket
    const second = tickets.issue(guide).ticket
    for (let count = 0; count < 999; count++) {
      tickets.issue(guide)
    }
    expect(tickets.redeem(first, 'guide')).toBeNull()
    expect(tickets.redeem(second, 'guide')).toEqual(guide)
  })
})
