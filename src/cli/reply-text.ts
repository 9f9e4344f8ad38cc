import type { Event } from '../schema/event.ts'

/** What one event adds to the reply to a message, and whether the turn is over with it. */
export interface ReplyStep {
  text: string
  isOver: boolean
}

const openStates = new Set(['delivered', 'accepted'])
const finalStates = new Set(['done', 'failed', 'refused', 'dead'])

/**
 * Picks from the event stream what an agent says in answer to one message: the texts of its run from
 * the message's turn on (or, for programs without turns, from its delivery) to the turn's end.
 */
export function createReplyReader(message: string): (event: Event) => ReplyStep {
  let run: string | null = null
  return (event) => {
    const about = event.data['message'] ?? event.data['id']
    if (event.type === 'turn.started') {
      run = about === message ? event.run : null
    } else if (event.type === 'turn.ended' && about === message) {
      return { text: '', isOver: true }
    } else if (event.type === 'message.state' && about === message) {
      const state = String(event.data['state'])
      run = openStates.has(state) ? (event.run ?? run ?? anyRun) : run
      return { text: '', isOver: finalStates.has(state) }
    } else if (event.type === 'text' && run !== null && (run === anyRun || event.run === run)) {
      const { text } = event.data
      return { text: typeof text === 'string' ? text : '', isOver: false }
    }
    return { text: '', isOver: false }
  }
}

/** The delivery did not say to which run; the stream is of one agent, so any will do. */
const anyRun = '*'
