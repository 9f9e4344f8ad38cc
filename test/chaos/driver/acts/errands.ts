import { Violation } from '../report.ts'
import { createErrand, type Errand } from '../world.ts'
import { defineAct } from './act.ts'

/** An agent that lives for one task: it is gone once that is done, and kept when it failed. */
export const errand = defineAct<{ key: string; word: string }>({
  weight: 4,
  invent: (random, { name, life }) => ({
    key: `errand-${name}-${life}-${random.int(0, 1e9)}`,
    word: random.pick(['answer', 'answer', 'slow 0.3', 'leave', 'fail', 'die']),
  }),
  play: async ({ key, word }, { runtime }, stage) => {
    const sent: Errand = createErrand(stage.world, { key, body: `${key} ${word}` })
    const made = await stage.insist(
      async () =>
        await stage.client.run({
          template: 'command',
          runtime,
          name: key,
          requestId: key,
          ephemeral: true,
          prompt: sent.body,
          dir: sent.folder,
          program: [sent.program, sent.folder],
          options: { settleMs: 40 },
          graceMs: 300,
        }),
    )
    sent.id = made.message?.id ?? null
    stage.tally.count('errands', word.split(' ')[0] ?? '')
    if (sent.id === null || made.name !== key) {
      throw new Violation('an errand is made with its task', [JSON.stringify(made)])
    }
  },
})
