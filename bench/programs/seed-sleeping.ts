/**
 * Puts sleeping agents into a home whose daemon is down; with RUNS, each has so many finished runs.
 * usage: seed-sleeping STORE_MODULE DATABASE COUNT DIR [RUNS]
 */
import type * as Stores from '../../src/store/index.ts'

const [module = '', file = '', count = '', dir = '', runs = '0'] = process.argv.slice(2)
const { Store } = (await import(module)) as typeof Stores
const store = new Store({
  file,
  backupsFolder: `${file}.backups`,
  moveAsideCorrupt: false,
  report: (line) => process.stderr.write(`${line}\n`),
})
const spec = JSON.stringify({
  provider: 'command',
  runtime: 'process',
  dir,
  program: ['/bin/cat'],
  env: {},
  options: {},
  graceMs: 10_000,
})
store.transaction('durable', () => {
  const now = Date.now()
  for (let number = 0; number < Number(count); number++) {
    const name = `sleeping-${String(number).padStart(5, '0')}`
    store.agents.insert({
      id: `agent_bench${number}`,
      name,
      spec,
      template: 'command',
      wish: null,
      requestId: null,
      isEphemeral: false,
      firstSeq: 0,
      now,
    })
    store.events.append(
      {
        type: 'agent.created',
        agent: name,
        data: { provider: 'command', runtime: 'process', template: 'command' },
      },
      now,
    )
    for (let run = 0; run < Number(runs); run++) {
      insertFinishedRun(`agent_bench${number}`, `run_bench${number}_${run}`, now)
    }
  }
})
store.close()

function insertFinishedRun(agentId: string, id: string, now: number): void {
  const [runtime, provider] = ['process', 'command']
  store.runs.insert({
    id,
    agentId,
    runtime,
    provider,
    session: null,
    isResumed: false,
    isTerminal: false,
    isBegun: false,
    now,
  })
  store.agents.setRun(agentId, id)
  store.runs.setRunning(id, '{"v":1,"pid":1,"startTime":"0","bootId":"none"}', now)
  const decoder = '{"waiting":[],"reply":null}'
  store.runs.setProgress(id, {
    bytes: { out: 4096, err: 0, notes: 0, transcript: 0 },
    addedBytes: 4096,
    decoder,
    now,
  })
  store.runs.end(id, { status: 'exited', exitCode: 0, signal: null, cause: null, now })
  store.runs.setReleased(id)
  store.agents.clearRun(agentId, id)
}
