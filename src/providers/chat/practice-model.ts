import { setTimeout as sleep } from 'node:timers/promises'
import type { Model, ModelAnswer, ModelRequest } from './model.ts'

export const practiceTitle = 'practice model (built in, no AI)'

/** Pause between two words, and longest time for a whole answer, ms. */
const wordPauseMs = 30
const answerMs = 1200

/**
 * A small scripted partner for the first minute, where there is no model: it answers a handful of
 * things, repeats the rest, and says of itself what it is. It is no AI and does not pretend.
 */
export function createPracticeModel(): Model {
  return {
    title: practiceTitle,
    name: null,
    async answer(request, listener, signal) {
      const answer = practiceAnswer(request)
      const words = answer.text.match(/\S+\s*/g) ?? []
      const pauseMs = Math.min(wordPauseMs, answerMs / Math.max(1, words.length))
      const startedAt = performance.now()
      for (const [index, word] of words.entries()) {
        listener.text(word)
        // Timers are coarse: what one pause took too long, the next make up for.
        const aheadMs = (index + 1) * pauseMs - (performance.now() - startedAt)
        if (aheadMs > 0) {
          await sleep(aheadMs, undefined, { signal })
        }
      }
      return answer
    },
  }
}

/** What it says: the first rule that knows the message. Pure. */
export function practiceAnswer(request: ModelRequest): ModelAnswer {
  const turn = request.turns.at(-1)
  const last = turn?.steps.at(-1)
  const text = (last?.type === 'joined' ? last.text : turn?.text)?.trim() ?? ''
  const result = turn?.steps.findLast((step) => step.type === 'tool')
  if (result && last?.type !== 'joined') {
    return say(result.isError ? `I could not: ${result.output}` : rememberedReply(request))
  }
  const fact = /^(?:please\s+)?remember(?:\s+that|:)?\s+(.+)/is.exec(text)?.[1]
  if (fact && request.tools.some(({ name }) => name === 'remember')) {
    const call = {
      id: `practice_${request.messageCount}`,
      name: 'remember',
      input: JSON.stringify({ text: fact }),
    }
    return { ...say(''), toolCalls: [call] }
  }
  const introduction = request.messageCount === 1 ? introductionOf(request) : ''
  return say([introduction, plainReply(text, request), countOf(request)].filter(Boolean).join(' '))
}

function plainReply(text: string, request: ModelRequest): string {
  const rule = rules.find(({ pattern }) => pattern.test(text))
  return rule ? rule.reply(request) : repeatReply(text)
}

interface Rule {
  pattern: RegExp
  reply(request: ModelRequest): string
}

const rules: readonly Rule[] = [
  {
    pattern: /\bwhat\b.*\bremember\b|\byour memory\b/is,
    reply: ({ memory }) =>
      memory === ''
        ? 'My memory file is empty. Say "remember" and a fact.'
        : `My memory file says:\n${memory}\n`,
  },
  {
    pattern: /^(?:please\s+)?remember\b/i,
    reply: () =>
      'I need a fact after "remember", and the remember tool, to write into my memory file.',
  },
  {
    pattern: /\bdrover\b/i,
    reply: () =>
      'Drover runs agents like me: it starts them, hands them messages, lets them sleep when they are idle, and wakes them when a message comes.',
  },
  {
    pattern: /\bwho are you\b|\byour name\b|\bwhat are you\b/i,
    reply: ({ agent, messageCount }) =>
      messageCount === 1
        ? `My name is ${agent}.`
        : `My name is ${agent}. Behind it is the practice model: a script, no AI.`,
  },
  {
    pattern: /\b(?:help|what can you do)\b/i,
    reply: () =>
      'Ask me who I am or what Drover is, say "remember" and a fact, or ask what I remember.',
  },
  {
    pattern: /^(?:hi|hello|hey|good (?:morning|day|evening))\b/i,
    reply: () => 'Good to hear from you.',
  },
  { pattern: /\bthank(?:s| you)\b/i, reply: () => 'You are welcome.' },
  {
    pattern: /^(?:bye|goodbye|good night)\b/i,
    reply: () => 'Until next time. I will sleep, and a message wakes me.',
  },
]

function introductionOf({ agent }: ModelRequest): string {
  return `Hello, I am ${agent}. No model is connected, so this is Drover's built-in practice model: a small script, no AI.`
}

function rememberedReply(request: ModelRequest): string {
  const introduction = request.messageCount === 1 ? introductionOf(request) : ''
  return [introduction, 'I wrote that into my memory file.', countOf(request)]
    .filter(Boolean)
    .join(' ')
}

function countOf({ messageCount }: ModelRequest): string {
  return `(This is message ${messageCount} of this conversation.)`
}

function repeatReply(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return `You said: ${line.length > 300 ? `${line.slice(0, 300)}…` : line}`
}

function say(text: string): ModelAnswer {
  const tokens = { inputTokens: null, outputTokens: null }
  const parts = { cachedInputTokens: null, reasoningTokens: null }
  return { kind: 'answer', text, toolCalls: [], ...tokens, ...parts }
}
