import type { Command } from 'commander'
import type { ReconcileReport } from '../schema/reports.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import type { Output } from './output.ts'
import { oneLine } from './plain-text.ts'
import { withSpinner } from './spinner.ts'

/** Orphans are asked to end, then killed; each takes its time. */
const deadlineMs = 300_000

export function reconcileCommand({ context, client, output }: Invocation): Command {
  return createCommand('reconcile', context)
    .description(
      'Look at every run anew: finish those whose program is gone, and end what goes on for none. What can not be asked is left alone.',
    )
    .action(async ({ json }: CommonOptions) => {
      const report = await withSpinner(context, 'looking', client.reconcile({ deadlineMs }))
      await (json ? output.json(report) : output.lines(formatReport(report, output)))
    })
}

function formatReport(report: ReconcileReport, { colors }: Output): string[] {
  const { adopted, finished, orphans, unknown, found, kept = [], released = [] } = report
  const lines = [
    ...(finished > 0 ? [`${finished} had ended and ${are(finished)} finished now.`] : []),
    ...(unknown > 0 ? [`${unknown} could not be asked and ${were(unknown)} left alone.`] : []),
    ...(orphans > 0 ? [`${count(orphans, 'orphan')} ${were(orphans)} ended:`] : []),
    ...found.map(({ what, run }) => `  ${oneLine(what)}  ${colors.dim(run)}`),
    ...listBoxes(released, 'of no agent, removed:'),
  ]
  const live = `${count(adopted, 'live run')}.`
  const said = lines.length > 0 ? [live, ...lines] : [`${live} Nothing was left over.`]
  return [...said, ...listBoxes(kept, 'kept for agents:')]

  function listBoxes(boxes: NonNullable<ReconcileReport['kept']>, title: string): string[] {
    const rows = boxes.map(({ what, agent }) => `  ${oneLine(what)}  ${colors.dim(oneLine(agent))}`)
    return rows.length > 0 ? [`${rows.length} ${title}`, ...rows] : []
  }
}

const are = (number: number): string => (number === 1 ? 'is' : 'are')
const were = (number: number): string => (number === 1 ? 'was' : 'were')

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
