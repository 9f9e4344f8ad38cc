import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import path from 'node:path'
import type { Finding } from './row.ts'

/** All that one run found. */
export interface Results {
  /** Day of the run, ISO. */
  date: string
  /** What kind of machine it was; no names, no paths. */
  host: string
  /** Processes that wanted a core when the run began, without ours; above 0.5 a core the figures are noisy. */
  loadBefore: number
  rows: { row: string; findings: readonly Finding[] }[]
  /** Rows that could not be measured, and why. */
  skipped: { row: string; reason: string }[]
}

export function describeHost(): string {
  const kernel = release().split('.').slice(0, 2).join('.')
  const memory = Math.round(totalmem() / 1024 ** 3)
  return `${availableParallelism()} cores, ${memory} GB, ${type()} ${kernel}, Node ${process.versions.node}`
}

/** The machine's load of the last minute. */
export const currentLoad = (): number => Number((loadavg()[0] ?? 0).toFixed(2))

/** The table, as Markdown that also reads well as it is. */
export function formatTable({ rows, skipped }: Results): string {
  const header = ['what', 'measured', 'floor', 'ratio', 'goal', 'met']
  const body = rows.flatMap(({ findings }) =>
    findings.map(({ what, measured, floor, ratio, goal, isMet }) => [
      what,
      measured,
      floor,
      ratio,
      goal,
      isMet === null ? '' : isMet ? 'yes' : 'no',
    ]),
  )
  const all = [header, ...body]
  const widths = header.map((_, column) =>
    Math.max(...all.map((cells) => cells[column]?.length ?? 0)),
  )
  const format = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  const notes = skipped.map(({ row, reason }) => `\nNot measured: ${row} (${reason}).`)
  return [format(header), rule, ...body.map(format), ...notes].join('\n')
}

/** Writes `DATE-HOST.json` and `.md`; returns the path without its ending. */
export function saveResults(folder: string, results: Results): string {
  mkdirSync(folder, { recursive: true })
  const host = `${cpus().length}-core-${type().toLowerCase()}`
  const file = path.join(folder, `${results.date}-${host}`)
  writeFileSync(`${file}.json`, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(
    `${file}.md`,
    `# Benchmarks of ${results.date}\n\nOn ${results.host}; load before the run ${results.loadBefore}.\n\n${formatTable(results)}\n`,
  )
  return file
}
