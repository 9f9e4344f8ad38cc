import { spawn } from 'node:child_process'
import { defineAct } from './act.ts'

/** A process that carries the home's mark and is of no run, as a lost row would leave it; then a look for such. */
export const orphan = defineAct<{ run: string }>({
  weight: 2,
  invent: (random, plan) => ({ run: `run_of_nobody.${plan.name}.${random.int(0, 1e9)}` }),
  play: async ({ run }, { name }, { instance, insist, client, tally }) => {
    const env = { DROVER_INSTANCE: instance() ?? '', DROVER_RUN: run, DROVER_AGENT: name }
    spawn('sleep', ['600'], { env: { ...process.env, ...env }, stdio: 'ignore', detached: true })
      .once('error', () => undefined)
      .unref()
    await insist(async () => await client.reconcile({ deadlineMs: 60_000 }))
    tally.count('disasters', 'a process of nobody')
  },
})
