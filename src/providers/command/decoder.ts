import { unmeasured, type Decoder, type DecoderState, type ProviderEvent } from '../contract.ts'

/** Longest answer kept as a reply, characters; the events have all of it. */
const longestReply = 64 * 1024

interface CommandState extends DecoderState {
  /** Messages in the program's input that had no answer yet, oldest first. */
  waiting: string[]
  /** The answer that is coming in, from its first line on. */
  reply: string | null
  /** When the answer began and when it last grew, Unix ms. */
  repliedAt: number
  sentAt: number
  settleMs: number
}

/**
 * Plain text has no turns, so an answer is what comes after a message until the program is quiet
 * for `settleMs`. Messages that wait together are answered together.
 */
export function createCommandDecoder(state: DecoderState | null, settleMs: number): Decoder {
  const own: CommandState = (state as CommandState | null) ?? {
    waiting: [],
    reply: null,
    repliedAt: 0,
    sentAt: 0,
    settleMs,
  }

  function finish(now: number): ProviderEvent[] {
    const messages = own.waiting
    const reply = (own.reply ?? '').replace(/\n$/, '')
    own.waiting = []
    own.reply = null
    return messages.map((message) => ({
      type: 'turn.ended',
      message,
      reply,
      error: null,
      cost: unmeasured,
      durationMs: Math.max(0, now - own.sentAt),
    }))
  }

  return {
    sent(message, now) {
      const isFirst = own.waiting.length === 0
      own.waiting.push(message.id)
      own.sentAt = isFirst ? now : own.sentAt
      return isFirst ? [{ type: 'turn.started', message: message.id }] : []
    },

    push(stream: 'out' | 'err', lines, { now, isCut }) {
      if (lines.length === 0) {
        return []
      }
      const text = lines.join('\n') + (isCut ? '' : '\n')
      if (stream === 'err') {
        return [{ type: 'output', stream, text }]
      }
      if (own.waiting.length > 0) {
        own.reply = ((own.reply ?? '') + text).slice(0, longestReply)
        own.repliedAt = now
      }
      return [{ type: 'text', text }]
    },

    dueAt: (now) => {
      own.repliedAt = Math.min(own.repliedAt, now)
      return own.reply === null ? null : own.repliedAt + own.settleMs
    },
    due: (now) => (own.reply !== null && now >= own.repliedAt + own.settleMs ? finish(now) : []),
    // A program that ends well has answered: with what it said, be it nothing.
    ended: (now, isSuccess) => (isSuccess || own.reply !== null ? finish(now) : []),
    snapshot: () => own,
  }
}
