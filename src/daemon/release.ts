import { rm } from 'node:fs/promises'
import path from 'node:path'
import { callSignal, getRuntime, referenceOf, workDeadlineMs } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { forgetBoxes } from './kept-boxes.ts'
import { withdrawQuestions } from './questions.ts'
import type { Reconciler } from './reconciler.ts'
import { retireWorktree } from './retire-worktree.ts'
import { toldOf } from './worktrees.ts'

/** Releases what ended runs left outside. */
export async function releaseRuns(
  { context, records }: Reconciler,
  agentId: string,
): Promise<void> {
  const { store } = context
  for (const run of store.runs.listUnreleased(agentId)) {
    await getRuntime(context, run.runtime).destroy(
      referenceOf(context, run.id),
      run.handle ? JSON.parse(run.handle) : null,
      callSignal(context, workDeadlineMs),
    )
    faultPoint('run-released')
    records.change(agentId, 'relaxed', () => store.runs.setReleased(run.id))
    faultPoint('release-recorded')
  }
}

/**
 * Its guests, its runs' folders and its own; the folder it worked in only where Drover made it, and a worktree
 * only where nothing is lost with it.
 */
export async function removeAgent(
  { context, records, guests }: Reconciler,
  agentId: string,
): Promise<void> {
  const { store, home, notifier, specs, admission, door } = context
  await guests.endOfAgent(agentId)
  await forgetBoxes(context, agentId)
  const runs = store.runs.listOfAgent(agentId)
  await Promise.all(
    runs.map(
      async ({ id }) => await rm(path.join(home.runsFolder, id), { recursive: true, force: true }),
    ),
  )
  const row = store.worktrees.get(agentId)
  const retired = row && (await retireWorktree(context, { ...row, has_agent: 0 }))
  await rm(path.join(home.agentsFolder, agentId), { recursive: true, force: true })
  faultPoint('folders-removed')
  store.transaction('durable', () => {
    withdrawQuestions(records, agentId)
    records.event(
      agentId,
      'agent.removed',
      row && retired ? { worktree: toldOf(row, retired) } : {},
    )
    records.removeSchedules(agentId)
    store.agents.delete(agentId)
  })
  faultPoint('agent-removed')
  specs.delete(agentId)
  admission.leave(agentId)
  await door.dismiss(agentId)
  notifier.notify(`agent:${agentId}`)
}
