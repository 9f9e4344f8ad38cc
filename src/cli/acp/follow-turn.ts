import type { Event } from '../../schema/event.ts'

export interface TurnStep {
  /** The event is part of the message's turn. */
  isOwn: boolean
  /** The message has come to its end. */
  isOver: boolean
}

const finalStates = new Set(['done', 'failed', 'refused', 'dead'])

/**
 * Tells which events belong to the turn of one message; an agent may be in the turn of another. Of a
 * program without turns it is all that comes from the message's delivery on.
 */
export function createTurnFollower(message: string): (event: Event) => TurnStep {
  let isOwn = false
  return ({ type, data }) => {
    const about = type === 'message.state' ? data['id'] : data['message']
    if (type === 'turn.started') {
      isOwn = about === message
    } else if (type === 'turn.ended' && about !== message) {
      isOwn = false
    } else if (type === 'message.state' && about === message) {
      const state = String(data['state'])
      isOwn ||= state === 'delivered' || state === 'accepted'
      return { isOwn: false, isOver: finalStates.has(state) }
    }
    return { isOwn, isOver: false }
  }
}
