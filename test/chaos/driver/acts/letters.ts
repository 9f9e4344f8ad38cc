import { DroverError, type ErrorCode } from '../../../../src/client/index.ts'
import type { Message } from '../../../../src/schema/message.ts'
import type { Random } from '../random.ts'
import { Violation } from '../report.ts'
import type { Stage } from '../stage.ts'
import { words } from '../words.ts'
import { hadFullDisk, presentLife, type Actor, type Letter, type SentLetter } from '../world.ts'
import { defineAct, type Plan } from './act.ts'

/** A terminal takes a line of 4095 bytes, and loses what is longer. Source: termios(3). */
const longestTyped = 4000

/** The next letter of an agent: its word by chance, or one that is given. */
export function inventLetter(random: Random, plan: Plan, name?: string): Letter {
  const word =
    words[plan.kind].find((each) => each.name === name) ?? random.weighted(words[plan.kind])
  const key = `${plan.name}.${plan.life}.${++plan.letters}`
  const body = word.body(key, random)
  const longest = plan.runtime === 'tmux' ? longestTyped : Infinity
  return { key, word: word.name, body: body.slice(0, longest) }
}

/** Sends one, until it is answered, and holds the API to its answer. */
export async function sendLetter(letter: Letter, actor: Actor, stage: Stage): Promise<void> {
  const life = presentLife(actor)
  const sent: SentLetter = { ...letter, id: letter.key, act: actor.acts, answer: 'none' }
  life.letters.push(sent)
  stage.tally.count('letters sent', `to ${actor.kind}`)
  const request = { id: letter.key, body: letter.body }
  try {
    const message = await stage.ask(async () => await stage.client.send(actor.name, request))
    checkMessage(message, sent, actor)
    sent.answer = message.state === 'refused' ? 'refused' : 'taken'
  } catch (error) {
    sent.answer = answerOf(error, stage)
  }
  stage.tally.count('letters answered', sent.answer === 'none' ? 'disk full' : sent.answer)
  if (life.isHeld && sent.answer === 'taken') {
    throw new Violation('a stopped agent takes no message', [`${actor.name} took ${letter.key}`])
  }
}

function answerOf(error: unknown, { world }: Stage): 'refused' | 'none' {
  if (isRefusal(error, 'agent_stopped') || isRefusal(error, 'agent_quarantined')) {
    return 'refused'
  }
  if (isRefusal(error, 'disk_full') && hadFullDisk(world)) {
    return 'none'
  }
  throw error
}

export function isRefusal(error: unknown, code: ErrorCode): boolean {
  return error instanceof DroverError && error.code === code
}

function checkMessage(message: Message, letter: SentLetter, actor: Actor): void {
  if (message.id !== letter.id || message.body !== letter.body || message.agent !== actor.name) {
    throw new Violation('an id answers with its own message', [
      `${letter.key} of ${actor.name}: got ${message.id} of ${message.agent}`,
    ])
  }
}

/** One letter. */
export const send = defineAct<{ letter: Letter }>({
  weight: 30,
  invent: (random, plan) => ({ letter: inventLetter(random, plan) }),
  play: async ({ letter }, actor, stage) => await sendLetter(letter, actor, stage),
})

/** Several at once: they race for one run. */
export const burst = defineAct<{ letters: Letter[] }>({
  weight: 12,
  invent: (random, plan) => ({
    letters: Array.from({ length: random.int(2, 6) }, () => inventLetter(random, plan)),
  }),
  play: async ({ letters }, actor, stage) => {
    await Promise.all(letters.map(async (letter) => await sendLetter(letter, actor, stage)))
  },
})

/** An id that was used before: with its own body it answers with the first message, with another never. */
export const resend = defineAct<{ back: number; isOther: boolean }>({
  weight: 6,
  invent: (random, plan) =>
    plan.letters === 0 ? null : { back: random.int(1, 8), isOther: random.chance(0.3) },
  play: async ({ back, isOther }, actor, { ask, client, tally }) => {
    const letter = presentLife(actor)
      .letters.filter(({ id, answer }) => id !== null && answer !== 'none')
      .at(-back)
    if (!letter?.id) {
      return
    }
    const body = isOther ? `${letter.body} and more` : letter.body
    const request = { id: letter.id, body }
    tally.count('ids used again', isOther ? 'with another body' : 'with their own body')
    try {
      checkMessage(await ask(async () => await client.send(actor.name, request)), letter, actor)
    } catch (error) {
      if (!(isOther && isRefusal(error, 'conflict'))) {
        throw error
      }
    }
  },
})
