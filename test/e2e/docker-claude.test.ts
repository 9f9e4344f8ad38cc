import { chownSync, existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { canRunDocker, type DockerEngine } from '../support/docker-engine.ts'
import { importClaudeImage } from '../support/docker-images.ts'
import { expectGapless, readEvents, saidIn } from '../support/events.ts'
import { NetworkMachine } from '../support/network-machine.ts'
import { hasProgram, realProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const claude = realProgram('claude')
const canContain = canRunDocker && ['nft', 'ip', 'nsenter'].every(hasProgram)
const testWith = canContain
  ? requireOrSkip('claude', claude !== null)
  : requireOrSkip('docker', canContain)

/** Who is not root, inside and outside. */
const ada = 1000
const up = { waitSeconds: 90 }

/** A machine under load keeps no agent waiting. */
const atOnce = { cpuPressure: 100, memoryPressure: 100 }

let machine: NetworkMachine
let engine: DockerEngine
let image: string
let model: string

beforeAll(async () => {
  if (canContain && claude !== null) {
    machine = await NetworkMachine.create()
    engine = await machine.startEngine()
    image = await importClaudeImage(engine, claude)
    model = await machine.startModel()
  }
}, 120_000)
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]()
  await machine?.[Symbol.asyncDispose]()
}, 60_000)

async function startDaemon(): Promise<TestDaemon> {
  return await startTestDaemon({
    launcher: machine.launcher,
    env: { DOCKER_HOST: engine.host },
    config: { gateway: { upstreams: { anthropic: { url: model } } }, admission: atOnce },
    isLeftClean: true,
  })
}

function request(dir: string, network: RunRequestInput['network']): RunRequestInput {
  return {
    template: 'claude',
    name: 'c',
    dir,
    runtime: 'docker',
    network,
    container: { image },
    options: { permissionMode: 'default' },
  }
}

async function leftovers(): Promise<string[]> {
  const containers = await engine.run(['ps', '-a', '--format', '{{.Names}}'])
  const networks = await engine.run(['network', 'ls', '--format', '{{.Name}}'])
  const volumes = await engine.run(['volume', 'ls', '--format', '{{.Name}}'])
  const lines = `${containers}\n${networks}\n${volumes}`.split('\n')
  return [...lines, ...(await machine.tables())].filter((line) => line.includes('drover'))
}

testWith(
  'Claude Code lives a whole life in a container without a network but its model',
  { timeout: 300_000 },
  async () => {
    using folder = temporaryFolder()
    chownSync(folder.path, ada, ada)
    await using daemon = await startDaemon()
    const { client, env } = daemon
    const place = (name: string): string => path.join(folder.path, name)
    const drover = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runDrover(args, { env })
      expect([code, stderr], args.join(' ')).toEqual([0, ''])
      return stdout
    }
    const ids = async (): Promise<string> =>
      await engine.run(['ps', '-aq', '--filter', 'name=drover-'])
    const said = async (): Promise<string> => saidIn(await readEvents(client))

    const first = await client.run(
      { ...request(folder.path, 'local'), prompt: 'my word is heron' },
      up,
    )
    expect(first.message).toMatchObject({ state: 'done', reply: 'echo: my word is heron' })
    const container = await ids()
    const { session, id } = await client.show('c')
    expect(await engine.run(['exec', container, 'id', '-u'])).toBe(String(ada))

    // It asks, the daemon dies, and a person says yes.
    const asking = await client.send('c', { body: `[[bash:touch ${place('made')}]]` })
    await waitFor('it to ask', async () => (await client.show('c')).questions === 1)
    await daemon.restart()
    expect(daemon.status.recovered).toMatchObject({ adopted: 1 })
    expect(await drover('approvals')).toContain('touch')
    const [question] = await client.approvals.list({ state: 'open' })
    await drover('approve', question?.id ?? '')
    expect(await client.message(asking.id, up)).toMatchObject({ state: 'done' })
    expect(statSync(place('made')).uid).toBe(ada)

    // The daemon dies while it speaks.
    const long = await client.send('c', { body: '[[slow:40]]' })
    await waitFor('its first words', async () => (await said()).includes('tick4'), 60_000)
    await daemon.kill()
    await daemon.start()
    const told = await client.message(long.id, up)
    expect(told).toMatchObject({ state: 'done' })
    expect(told.reply?.split(/\s+/).filter(Boolean)).toEqual(
      Array.from({ length: 40 }, (_, index) => `tick${index}`),
    )

    // A turn is interrupted, and the next one goes on in the same process.
    await client.send('c', { body: '[[slow:80]]' })
    await waitFor(
      'it to speak again',
      async () => (await said()).split('tick5 ').length > 2,
      60_000,
    )
    await drover('interrupt', 'c')
    await waitFor('the turn to end', async () => (await client.show('c')).status === 'idle')
    expect(await client.send('c', { body: 'still there?' }, up)).toMatchObject({
      state: 'done',
      reply: 'echo: still there?',
    })

    // It sleeps, and a message wakes it: the same container, the same conversation.
    await drover('sleep', 'c')
    expect(await engine.run(['ps', '-q'])).toBe('')
    expect(await client.send('c', { body: 'what was my word?' }, up)).toMatchObject({
      state: 'done',
      reply: 'echo: what was my word?',
    })
    expect(await ids()).toBe(container)
    expect(await client.show('c')).toMatchObject({ session })
    expectGapless(await readEvents(client))

    await drover('stop', 'c')
    expect(await engine.run(['ps', '-q'])).toBe('')
    await drover('rm', 'c', '--force')
    expect(await leftovers()).toEqual([])
    expect(existsSync(path.join(daemon.home.agentsFolder, id))).toBe(false)
  },
)

testWith(
  'Claude Code that rests is paused, and one with a network of its own has its model',
  async () => {
    using folder = temporaryFolder()
    chownSync(folder.path, ada, ada)
    await using daemon = await startDaemon()
    const { client } = daemon
    const { message } = await client.run(
      { ...request(folder.path, 'full'), lifecycle: { rest: 'suspend' }, prompt: 'hello' },
      up,
    )
    expect(message).toMatchObject({ state: 'done', reply: 'echo: hello' })
    const { run } = await client.show('c')
    await client.sleep('c', up)
    expect(await engine.run(['ps', '--format', '{{.Status}}'])).toMatch(/Paused/)
    expect(await client.send('c', { body: 'and now?' }, up)).toMatchObject({
      state: 'done',
      reply: 'echo: and now?',
      run,
    })
    await client.remove('c', { force: true, waitSeconds: 30 })
    expect(await leftovers()).toEqual([])
  },
)
