import type { Invariant } from './invariant.ts'

export const errandInvariants: readonly Invariant[] = [
  {
    name: 'an errand that is done is gone, was taken once, and can still be asked for',
    check: ({ errands }, { agents, errandMessages, accounts }) =>
      errands.flatMap(({ key, body }) => {
        const message = errandMessages.get(key)
        const taken = accounts.get(key)?.taken.filter((each) => each.key === key).length ?? 0
        if (message?.body !== body) {
          return [`${key}: ${message ? 'has another body' : 'can not be asked for'}`]
        }
        const isDone = message.state === 'done'
        return [
          ...(isDone === agents.has(key) ? [`${key} is ${message.state} and there or not`] : []),
          ...(taken > 1 || (isDone && taken === 0) ? [`${key} was taken ${taken} times`] : []),
        ]
      }),
  },
]
