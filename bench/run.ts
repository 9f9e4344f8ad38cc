/**
 * Measures Drover beside its floors and prints the table. usage: node bench/run.ts [ROW...]
 * A run of all rows lands in `bench/results`; a run of some is only printed.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { built, root } from './places.ts'
import { currentLoad, describeHost, formatTable, saveResults, type Results } from './report.ts'
import type { Finding, Row } from './row.ts'
import { acceptRow } from './rows/accept.ts'
import { adoptionRow } from './rows/adoption.ts'
import { claudeRow, codexRow } from './rows/provider.ts'
import { cliRow } from './rows/cli.ts'
import { decodeRow } from './rows/decode.ts'
import { dockerInsideRow } from './rows/docker-inside.ts'
import { dockerPauseRow } from './rows/docker-pause.ts'
import { dockerStartRow } from './rows/docker-start.ts'
import { eventsRow } from './rows/events.ts'
import { memoryRow } from './rows/memory.ts'
import { messageRow } from './rows/message.ts'
import { rawLogRow } from './rows/raw-log.ts'
import { startRow } from './rows/start.ts'
import { superviseRow } from './rows/supervise.ts'
import { terminalAttachRow } from './rows/terminal-attach.ts'
import { terminalStartRow } from './rows/terminal-start.ts'
import { terminalStreamRow } from './rows/terminal-stream.ts'
import { wakeRow } from './rows/wake.ts'
import { Scratch } from './scratch.ts'

const rows: readonly Row[] = [
  startRow,
  wakeRow,
  dockerStartRow,
  dockerInsideRow,
  dockerPauseRow,
  messageRow,
  acceptRow,
  rawLogRow,
  eventsRow,
  decodeRow,
  terminalAttachRow,
  terminalStartRow,
  terminalStreamRow,
  claudeRow,
  codexRow,
  memoryRow,
  superviseRow,
  adoptionRow,
  cliRow,
]

/** Longest time that one row may take. */
const rowSeconds = 120

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.find((name) => !rows.some((row) => row.name === name))
  if (unknown !== undefined) {
    process.stderr.write(
      `There is no row ${unknown}; there is: ${rows.map(({ name }) => name).join(', ')}.\n`,
    )
    return 2
  }
  if (!existsSync(built('runtimes/holder/holder.sh'))) {
    process.stderr.write('Drover is not built; `npm run build` does that.\n')
    return 1
  }
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    host: describeHost(),
    loadBefore: currentLoad(),
    rows: [],
    skipped: [],
  }
  for (const row of rows.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const begun = performance.now()
    process.stderr.write(`${row.name} … `)
    const found = await measure(row)
    if (typeof found === 'string') {
      results.skipped.push({ row: row.name, reason: found })
    } else {
      results.rows.push({ row: row.name, findings: found })
    }
    process.stderr.write(`${Math.round((performance.now() - begun) / 1000)} s\n`)
  }
  process.stdout.write(
    `\nOn ${results.host}, ${results.date}; load before the run ${results.loadBefore}.\n\n${formatTable(results)}\n`,
  )
  if (names.length === 0) {
    process.stdout.write(
      `\nKept as ${path.relative(process.cwd(), saveResults(path.join(root, 'bench/results'), results))}.{json,md}\n`,
    )
  }
  return 0
}

/** One row, in time, with nothing left behind, also when it fails or somebody stops us. */
async function measure(row: Row): Promise<Finding[] | string> {
  const ending = Promise.withResolvers<string>()
  const timer = setTimeout(
    () => ending.resolve(`it took longer than ${rowSeconds} s`),
    rowSeconds * 1000,
  )
  const stop = (): void => ending.reject(new Error('stopped'))
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    await using scratch = new Scratch()
    return await Promise.race([row.measure(scratch), ending.promise])
  } finally {
    clearTimeout(timer)
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

process.exitCode = await main(process.argv.slice(2))
