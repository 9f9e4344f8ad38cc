import type { Message } from '../../../../src/schema/message.ts'
import type { Account } from '../account.ts'
import { givenKeys, type Evidence } from '../evidence.ts'
import type { SentLetter } from '../world.ts'
import { ofEachAgent, repeated, type Invariant } from './invariant.ts'

const emptyAccount: Account = { starts: [], taken: [], ended: null, doubled: [] }

export const messageInvariants: readonly Invariant[] = [
  ofEachAgent(
    'a message that was acknowledged is there, as it was sent',
    ({ actor, life }, { messages }) => {
      const known = new Map(
        (messages.get(actor.name) ?? []).map((message) => [message.id, message]),
      )
      return life.letters
        .filter(({ answer }) => answer !== 'none')
        .flatMap(({ id, key, body }) => {
          const message = known.get(id ?? '')
          return message?.body === body
            ? []
            : [`${key}: ${message ? 'has another body' : 'is not there'}`]
        })
    },
  ),

  ofEachAgent('no message is there that was not acknowledged', ({ actor, life }, { messages }) => {
    const sent = new Set(life.letters.filter(({ answer }) => answer !== 'none').map(({ id }) => id))
    return (messages.get(actor.name) ?? [])
      .filter(({ id }) => !sent.has(id))
      .map(({ id, state }) => `${id} of ${actor.name}, ${state}`)
  }),

  ofEachAgent(
    'messages are kept in the order of their sending',
    ({ actor, life }, { messages }) => {
      const acts = new Map(life.letters.map(({ id, act }) => [id, act]))
      const order = (messages.get(actor.name) ?? []).map(({ id }) => acts.get(id) ?? 0)
      return order.flatMap((act, index) =>
        act < (order[index - 1] ?? 0)
          ? [`${actor.name}: act ${act} after ${order[index - 1]}`]
          : [],
      )
    },
  ),

  ofEachAgent('a receipt agrees with what the program took', ({ actor, life }, evidence) => {
    const account = evidence.accounts.get(life.id) ?? emptyAccount
    return pairs(life.letters, evidence.messages.get(actor.name) ?? []).flatMap(
      ({ letter, message }) => disagreements(letter, message, { account, evidence }),
    )
  }),

  ofEachAgent('a message that came to a bad end says why', ({ actor }, { messages }) =>
    (messages.get(actor.name) ?? [])
      .filter(({ state, cause }) => ['failed', 'refused', 'dead'].includes(state) && !cause)
      .map(({ id, state }) => `${id} is ${state} without a cause`),
  ),

  {
    name: 'a program takes each message at most once, and none that nobody sent',
    check: ({ actors }, { accounts }) =>
      actors
        .flatMap(({ lives }) => lives)
        .flatMap(({ id, letters }) => {
          const keys = (accounts.get(id) ?? emptyAccount).taken.map(({ key }) => key)
          const sent = new Set(letters.map(({ key }) => key))
          return [
            ...repeated(keys).map((key) => `${key} was taken more than once`),
            ...keys.filter((key) => !sent.has(key)).map((key) => `${id} took ${key}`),
          ]
        }),
  },

  ofEachAgent('a program takes messages in their order', ({ actor, life }, evidence) => {
    const order = new Map(
      pairs(life.letters, evidence.messages.get(actor.name) ?? []).map(({ letter }, index) => [
        letter.key,
        index,
      ]),
    )
    const taken = (evidence.accounts.get(life.id) ?? emptyAccount).taken
    return taken.flatMap(({ key }, index) => {
      const before = taken[index - 1]?.key ?? ''
      return (order.get(key) ?? 0) < (order.get(before) ?? -1) ? [`${key} after ${before}`] : []
    })
  }),
]

/** Each message with the letter it came from, in the order of the messages. */
function pairs(
  letters: readonly SentLetter[],
  messages: readonly Message[],
): { letter: SentLetter; message: Message }[] {
  const byId = new Map(letters.map((letter) => [letter.id, letter]))
  return messages.flatMap((message) => {
    const letter = byId.get(message.id)
    return letter ? [{ letter, message }] : []
  })
}

function disagreements(
  { key, answer }: SentLetter,
  message: Message,
  { account, evidence }: { account: Account; evidence: Evidence },
): string[] {
  const isTaken = account.taken.some((each) => each.key === key)
  const { state } = message
  if (state === 'done' && !isTaken && !isUnreadPlainly(key, message, { account, evidence })) {
    return [`${key} is done and was never taken`]
  }
  if (state === 'done' && account.ended && !account.ended.has(key)) {
    return [`${key} is done, but its turn did not end well`]
  }
  if (['stored', 'waking', 'refused', 'dead'].includes(state) && isTaken) {
    return [`${key} is ${state} and was taken`]
  }
  if (answer === 'refused' && state !== 'refused') {
    return [`${key} was refused and is ${state}`]
  }
  return []
}

/**
 * Plain text has no turns: messages that wait together are answered together. So a plain program
 * that ended, or is stuck, can leave behind it messages that count as answered and that it never
 * read. They stand in its input; what it took of that is checked by itself.
 */
export function isUnreadPlainly(
  key: string,
  { run }: Message,
  { account, evidence }: { account: Account; evidence: Evidence },
): boolean {
  const record = evidence.runs.get(run ?? '')
  return account.ended === null && record !== undefined && givenKeys(record).includes(key)
}
