/** Puts sleeping agents into a home whose daemon is down. usage: seed-sleeping STORE_MODULE DATABASE COUNT DIR */
import type * as Stores from '../../src/store/index.ts'

const [module = '', file = '', count = '', dir = ''] = process.argv.slice(2)
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
  }
})
store.close()
