import { expect, it } from 'vitest'
import { callCli } from '../../test/fixtures/cli-harness.ts'
import { answerJson, startFakeApi } from '../../test/fixtures/fake-api.ts'
import type { ReconcileReport } from '../schema/reports.ts'

const quiet: ReconcileReport = { adopted: 3, finished: 0, orphans: 0, unknown: 0, found: [] }
const orphans: ReconcileReport['found'] = [
  { runtime: 'process', run: 'run_1', what: 'process 4711 (sh)' },
  { runtime: 'process', run: 'run_1', what: 'process 4712 (sl\u001B[2Jeep)' },
]

async function print(report: ReconcileReport, ...options: string[]): Promise<string> {
  await using api = await startFakeApi((_, response) => answerJson(response, report))
  const { exitCode, stdout, stderr } = await callCli(['reconcile', ...options], {
    home: api.folder,
  })
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(api.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /v1/reconcile'])
  return stdout
}

it.each<[string, Partial<ReconcileReport>]>([
  ['3 live runs. Nothing was left over.\n', {}],
  ['1 live run.\n1 had ended and is finished now.\n', { adopted: 1, finished: 1 }],
  ['3 live runs.\n2 could not be asked and were left alone.\n', { unknown: 2 }],
  [
    '3 live runs.\n1 orphan was ended:\n  process 4711 (sh)  run_1\n  process 4712 (sleep)  run_1\n',
    { orphans: 1, found: orphans },
  ],
  [
    '3 live runs.\n1 of no agent, removed:\n  container drover-a  agent_a\n1 kept for agents:\n  container drover-b  bob\n',
    {
      released: [{ runtime: 'docker', agent: 'agent_a', what: 'container drover-a' }],
      kept: [{ runtime: 'docker', agent: 'bob', what: 'container drover-b' }],
    },
  ],
])('drover reconcile prints %j', async (printed, part) => {
  expect(await print({ ...quiet, ...part })).toBe(printed)
})

it('drover reconcile --json prints what the daemon said', async () => {
  const report = { ...quiet, orphans: 1, found: orphans }
  expect(JSON.parse(await print(report, '--json'))).toEqual(report)
})
