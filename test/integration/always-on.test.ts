import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { hurriedConfig } from '../support/always-on-story.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { waitFor } from '../support/wait-for.ts'
import { beginLoop } from '../support/loop-runtime.ts'
import { sendSignal } from '../../src/util/process-identity.ts'

const main = fileURLToPath(new URL('../fixtures/supervised-daemon.ts', import.meta.url))

/** Says each line back, with its own pid; ends at `die`. */
const echoing = [
  'sh',
  '-c',
  'while read -r line; do [ "$line" = die ] && exit 3; echo "$$ $line"; done',
]

async function start(): Promise<TestDaemon> {
  return await startTestDaemon({ main, config: hurriedConfig, isLeftClean: true })
}

const unitFile = ({ home }: TestDaemon, name: string): string =>
  path.join(home.folder, 'loops', `${name}.unit`)

async function make(daemon: TestDaemon): Promise<void> {
  await daemon.client.run({
    template: 'command',
    name: 'guard',
    program: echoing,
    alwaysOn: true,
  })
  await isUp(daemon)
}

async function isUp({ client }: TestDaemon, but: string | null = null): Promise<string> {
  let run: string | null = null
  await waitFor('a run of its own', async () => {
    run = (await client.show('guard')).run
    return run !== null && run !== but
  })
  return run ?? ''
}

async function ask({ client }: TestDaemon, text: string): Promise<string> {
  const { id } = await client.send('guard', { body: text })
  const message = await client.message(id, { waitSeconds: 30 })
  expect(message.state).toBe('done')
  return message.reply ?? ''
}

test('its supervisor brings it up, and up again; messages go into whichever run there is', async () => {
  await using daemon = await start()
  await make(daemon)
  const first = await isUp(daemon)
  expect(await ask(daemon, 'hello')).toMatch(/^\d+ hello$/)
  await daemon.client.send('guard', { body: 'die' })
  const second = await isUp(daemon, first)
  expect(await ask(daemon, 'again')).toMatch(/^\d+ again$/)
  const events = await readEvents(daemon.client)
  const ended = events.find(({ type, run }) => type === 'run.ended' && run === first)
  expect(ended?.data).toMatchObject({ status: 'failed', exitCode: 3 })
  expect(
    events.filter(({ type }) => type === 'agent.restarting' || type === 'agent.quarantined'),
  ).toEqual([])
  expect(second).not.toBe(first)
  await daemon.client.remove('guard', { force: true })
  expect(existsSync(unitFile(daemon, 'guard'))).toBe(false)
})

test('it goes on without a daemon, and what its supervisor began meanwhile is adopted, not ended', async () => {
  await using daemon = await start()
  await make(daemon)
  const first = await isUp(daemon)
  const pid = Number((await ask(daemon, 'one')).split(' ')[0])
  await daemon.kill()
  sendSignal(pid, 'SIGKILL')
  const runs = (): string[] => readdirSync(daemon.home.runsFolder)
  await waitFor('another run', () => runs().length > 1)
  await daemon.start()
  const second = await isUp(daemon, first)
  expect(runs()).toContain(second)
  expect(daemon.status.recovered.orphans).toBe(0)
  expect(await ask(daemon, 'two')).toMatch(/^\d+ two$/)
  await daemon.client.remove('guard', { force: true })
})

test('each run that began and ended while no daemon lived is told of, with what it said', async () => {
  await using daemon = await start()
  const { client } = daemon
  const flag = path.join(daemon.home.folder, 'calm')
  const program = ['sh', '-c', `echo "hello from $$"; [ -e "$0" ] && exec cat; exit 3`, flag]
  writeFileSync(flag, '')
  await client.run({ template: 'command', name: 'guard', program, alwaysOn: true })
  const first = await isUp(daemon)
  const { pid } = await client.show('guard')
  await daemon.kill()
  rmSync(flag)
  sendSignal(-(pid ?? 0), 'SIGKILL')
  const runs = (): string[] => readdirSync(daemon.home.runsFolder)
  await waitFor('several more runs', () => runs().length > 4)
  writeFileSync(flag, '')
  await daemon.start()
  await waitFor('one that stays', async () => {
    const { run } = await client.show('guard')
    return (
      run !== null &&
      run !== first &&
      !readdirSync(path.join(daemon.home.runsFolder, run)).includes('exit')
    )
  })
  const events = await readEvents(client)
  const begun = events.filter(({ type }) => type === 'run.starting').map(({ run }) => run)
  expect(new Set(begun)).toEqual(new Set(runs()))
  const ends = events.filter(({ type }) => type === 'run.ended')
  expect(ends).toHaveLength(begun.length - 1)
  const said = events
    .filter(({ type }) => type === 'text' || type === 'output')
    .map(({ run }) => run)
  expect(new Set(said)).toEqual(new Set(begun))
  expect(readdirSync(daemon.home.unitsFolder).filter((file) => file.endsWith('.begun'))).toEqual([])
  await client.remove('guard', { force: true })
})

test('a stop holds messages back and leaves its program alone', async () => {
  await using daemon = await start()
  await make(daemon)
  const pid = (await ask(daemon, 'one')).split(' ')[0]
  // Its program never ends, so nobody waits for that.
  const stopped = await daemon.client.stop('guard', { waitSeconds: 300 })
  expect(stopped.status).toBe('stopped')
  await expect(daemon.client.send('guard', { body: 'no' })).rejects.toMatchObject({
    code: 'agent_stopped',
  })
  await daemon.client.start('guard')
  expect(await ask(daemon, 'two')).toBe(`${pid} two`)
  await daemon.client.new('guard', { waitSeconds: 300 })
  expect(await ask(daemon, 'three')).toBe(`${pid} three`)
  for (const verb of ['sleep', 'restart'] as const) {
    await expect(daemon.client[verb]('guard')).rejects.toMatchObject({
      code: 'supervised',
      message: expect.stringContaining('`restart guard`') as string,
    })
  }
  // That all agents are to end, as before the daemon does, is no word to it either.
  await daemon.client.shutdown({ agents: true })
  expect(await ask(daemon, 'four')).toBe(`${pid} four`)
  await daemon.client.remove('guard', { force: true })
})

test('a runtime that keeps nothing up takes no such agent, and no task is always on', async () => {
  await using plain = await startTestDaemon()
  const wish = { template: 'command', name: 'guard', program: echoing, alwaysOn: true }
  await expect(plain.client.run(wish)).rejects.toMatchObject({
    code: 'unsupported',
    details: { field: 'alwaysOn' },
  })
  await using daemon = await start()
  await expect(daemon.client.run({ ...wish, ephemeral: true, prompt: 'x' })).rejects.toMatchObject({
    code: 'invalid_request',
    details: { field: 'alwaysOn' },
  })
})

test('a unit that appears by hand is honoured from then on', async () => {
  await using daemon = await start()
  const { client } = daemon
  await client.run({ template: 'command', name: 'guard', program: echoing })
  await client.sleep('guard', { waitSeconds: 20 })
  const { id } = await client.show('guard')
  const unit = {
    instance: daemon.status.instance,
    agent: { id, name: 'guard' },
    file: path.join(daemon.home.unitsFolder, id),
    runsFolder: daemon.home.runsFolder,
    limits: {},
  }
  const file = unitFile(daemon, 'guard')
  beginLoop(file, unit)
  const sent = await client.send('guard', { body: 'hello' })
  await waitFor(
    'it to wait for its supervisor',
    async () => (await client.show('guard')).waiting?.gate === 'supervised',
  )
  expect((await client.show('guard')).run).toBeNull()
  rmSync(file)
  await client.wake('guard')
  expect((await client.message(sent.id, { waitSeconds: 30 })).reply).toMatch(/ hello$/)
  await client.remove('guard', { force: true })
})
