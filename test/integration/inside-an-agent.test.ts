import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Problem } from '../../src/schema/error.ts'
import type { DaemonStatus } from '../../src/schema/reports.ts'
import { identifyProcess } from '../../src/util/process-identity.ts'
import { mainFile, startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { readLog } from '../support/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 20 }
const script = fileURLToPath(new URL('../fixtures/obeying-agent.sh', import.meta.url))

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon({
    // As if it were started inside of an agent of another home.
    env: { DROVER_AGENT: 'outer', DROVER_TOKEN: 'of-outer', DROVER_SOCKET: '/of-outer' },
    config: { passEnv: ['DROVER_HOME', 'DROVER_TOKEN', 'DROVER_SOCKET', 'DROVER_AGENT'] },
    isLeftClean: true,
  })
  const { client } = daemon
  await client.run({ template: 'command', name: 'peer', program: ['/bin/cat'], prompt: 'hi' }, up)
  await client.run({
    template: 'command',
    name: 'scout',
    program: ['/bin/sh', script],
    env: { NODE: process.execPath, MAIN: mainFile },
  })
})
afterAll(async () => {
  await using ended = daemon
  for (const { name } of await ended.client.list({ all: true })) {
    await ended.client.remove(name, { force: true, ...up })
  }
})

let calls = 0

/** Has the agent's program run a line of sh; gives what that printed, and its exit code. */
async function inside(line: string): Promise<{ code: number; printed: string }> {
  const mark = `call ${++calls} ended with`
  const seen = (await readLog(daemon.client, 'scout')).length
  await daemon.client.send('scout', { body: `${line}; echo "${mark} $?"` })
  let lines: string[] = []
  await waitFor(`\`${line}\` to end`, async () => {
    lines = (await readLog(daemon.client, 'scout')).slice(seen).map(({ text }) => text)
    return lines.at(-1)?.startsWith(mark) ?? false
  })
  return { code: Number(lines.at(-1)?.slice(mark.length)), printed: lines.slice(0, -1).join('\n') }
}

test('its environment names the agent, the run and the way back, and nothing that the daemon had', async () => {
  const { printed } = await inside('env | grep ^DROVER_ | sort')
  const { run, id } = await daemon.client.show('scout')
  expect(printed.split('\n')).toEqual([
    'DROVER_AGENT=scout',
    `DROVER_INSTANCE=${daemon.status.instance}`,
    `DROVER_RUN=${run}`,
    `DROVER_SOCKET=${daemon.status.socket}`,
    expect.stringMatching(new RegExp(`^DROVER_TOKEN=drv_${id}_[\\w-]{43}$`)),
  ])
})

test('it looks at itself without naming itself, and finds its peers', async () => {
  const shown = await inside('drover show --json')
  expect(JSON.parse(shown.printed)).toMatchObject({ name: 'scout', spec: { provider: 'command' } })
  expect((await inside('drover show')).printed).toContain('scout  ')
  expect((await inside('drover logs -n 1')).printed).toBe(`call ${calls - 1} ended with 0`)
  expect((await inside('drover ps')).printed.split('\n').map((row) => row.split(/ {2,}/))).toEqual([
    ['NAME', 'STATUS', 'PROVIDER', 'TEMPLATE'],
    ['peer', 'idle', 'command', 'command'],
    ['scout', expect.any(String), 'command', 'command'],
  ])
  const events = (await inside('drover events --json')).printed.split('\n')
  expect(events.map((line) => (JSON.parse(line) as { agent: string }).agent)).toEqual(
    events.map(() => 'scout'),
  )
})

test('it writes to a peer under its own name, and reads the answer', async () => {
  expect(await inside('drover send peer "Anyone there?" --wait')).toEqual({
    code: 0,
    printed: 'Anyone there?',
  })
  const { printed } = await inside('drover send peer again --id scout-1 --json')
  expect(JSON.parse(printed)).toMatchObject({ id: 'scout-1' })
  expect((await daemon.client.messages('peer')).slice(-2)).toMatchObject([
    { from: 'scout', body: 'Anyone there?', state: 'done' },
    { from: 'scout', body: 'again', id: 'scout-1' },
  ])
})

test.for([
  ['drover show peer', 'GET /v1/agents/{name}'],
  ['drover logs peer', 'GET /v1/agents/{name}/logs'],
  ['drover sleep peer', 'POST /v1/agents/{name}/sleep'],
  ['drover wake peer', 'POST /v1/agents/{name}/wake'],
  ['drover stop peer', 'POST /v1/agents/{name}/stop'],
  ['drover stop scout', 'POST /v1/agents/{name}/stop'],
  ['drover start peer', 'POST /v1/agents/{name}/start'],
  ['drover rm peer --force', 'DELETE /v1/agents/{name}'],
  ['drover rm scout --force', 'DELETE /v1/agents/{name}'],
  ['drover run --json command -- cat', 'POST /v1/agents'],
  ['drover template show hello', 'GET /v1/templates/{name}'],
  ['drover down', 'GET /v1/status'],
  ['drover up --detach', 'drover up'],
] as const)('%s is refused', async ([line, named]) => {
  const { code, printed } = await inside(line.includes('--json') ? line : `${line} --json`)
  expect(code).toBe(4)
  const problem = JSON.parse(printed) as Problem
  expect(problem.code).toBe('forbidden')
  expect(problem.detail).toContain(named)
})

test('what it was refused changed nothing', async () => {
  const { client } = daemon
  expect((await client.status()).pid).toBe(daemon.pid)
  expect(await client.show('peer')).toMatchObject({ status: 'idle', lastRun: null })
  expect((await client.list({ all: true })).map(({ name }) => name)).toEqual(['peer', 'scout'])
})

test('it asks again under the same token once its daemon was killed and is back', async () => {
  const before = (await daemon.client.show('scout')).run
  await daemon.restart()
  expect((await inside('drover show --json')).code).toBe(0)
  expect((await daemon.client.show('scout')).run).toBe(before)
})

test('it puts itself to sleep, and a message wakes it under the same token', async () => {
  const { client } = daemon
  const token = (await inside('echo "$DROVER_TOKEN"')).printed
  const { run } = await client.show('scout')
  await client.send('scout', { body: 'drover sleep' })
  await waitFor(
    'the agent to be asleep',
    async () => (await client.show('scout')).status === 'asleep',
  )
  expect((await client.show('scout')).lastRun).toMatchObject({ id: run, status: 'stopped' })
  expect((await inside('echo "$DROVER_TOKEN"')).printed).toBe(token)
})

test('a daemon that it starts on another home ends with its run; the agents there go on, and know nothing of it', async () => {
  using folder = temporaryFolder()
  writeFileSync(path.join(folder.path, 'config.yaml'), JSON.stringify({ port: 0 }))
  const env = `DROVER_HOME=${folder.path}`
  const started = await inside(`${env} drover up --detach --json`)
  const inner = JSON.parse(started.printed) as DaemonStatus
  expect(inner.instance).not.toBe(daemon.status.instance)
  const made = `${env} drover run --json command --name deep --wait -- sh -c 'env | grep ^DROVER_; exec cat'`
  expect((await inside(made)).code).toBe(0)

  await daemon.client.sleep('scout', up)
  // It has lost its memory already, and its environment with it; the rest of its end takes a moment.
  await waitFor('that daemon to be gone', async () => (await identifyProcess(inner.pid)) === null)
  await using next = await startTestDaemon({ home: folder.path })
  expect(next.status.recovered).toMatchObject({ adopted: 1, orphans: 0 })
  const { id, run } = await next.client.show('deep')
  await waitFor('the environment to be printed', async () => {
    return (await readLog(next.client, 'deep')).length === 5
  })
  const lines = (await readLog(next.client, 'deep')).map(({ text }) => text)
  expect(lines.toSorted()).toEqual([
    'DROVER_AGENT=deep',
    `DROVER_INSTANCE=${inner.instance}`,
    `DROVER_RUN=${run}`,
    `DROVER_SOCKET=${inner.socket}`,
    expect.stringContaining(`DROVER_TOKEN=drv_${id}_`),
  ])
})

test('without its token the socket takes it for the owner: the token is no wall', async () => {
  const { code, printed } = await inside(
    'env -u DROVER_TOKEN DROVER_HOME="${DROVER_SOCKET%/*}" "$NODE" "$MAIN" status --json',
  )
  expect(code).toBe(0)
  expect(JSON.parse(printed)).toMatchObject({ pid: daemon.pid })
})

test('with a wrong token the socket takes it for nobody', async () => {
  const { code, printed } = await inside('DROVER_TOKEN=drv_not_mine drover stop peer --json')
  expect(code).toBe(1)
  expect(JSON.parse(printed)).toMatchObject({ code: 'unauthorized' })
  expect(printed).not.toContain('drv_not_mine')
  expect(await daemon.client.show('peer')).toMatchObject({ status: 'idle' })
})
