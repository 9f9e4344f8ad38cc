import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect } from 'vitest'
import { CallingAgent } from '../support/calling-agent.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { canRunDocker, noNetwork, type DockerEngine } from '../support/docker-engine.ts'
import { importBaseImage } from '../support/docker-images.ts'
import { NetworkMachine } from '../support/network-machine.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { wallNames } from '../../src/runtimes/docker/walls/wall-rules.ts'
import { waitFor } from '../support/wait-for.ts'

const canWall = canRunDocker && ['nft', 'ip', 'nsenter'].every(hasProgram)
const testWalled = requireOrSkip('docker', canWall)

let machine: NetworkMachine
let engine: DockerEngine
let image: string
let model: string
/** A port of all the machine's addresses at which somebody else listens. */
const otherPort = 8088
/** A machine under load keeps no agent waiting. */
const atOnce = { cpuPressure: 100, memoryPressure: 100 }
/** Ports of the machine beyond: allowed, and not. */
const [allowedPort, forbiddenPort] = [8443, 8444]

beforeAll(async () => {
  if (canWall) {
    machine = await NetworkMachine.create()
    engine = await machine.startEngine()
    image = await importBaseImage(engine)
    await machine.greet('of the machine', otherPort)
    await machine.greet('allowed', allowedPort, 'beyond')
    await machine.greet('forbidden', forbiddenPort, 'beyond')
    model = await machine.startModel()
  }
}, 120_000)
afterAll(async () => {
  const left = canWall && (await leftovers())
  await engine?.[Symbol.asyncDispose]()
  await machine?.[Symbol.asyncDispose]()
  expect(left || []).toEqual([])
}, 60_000)

/** What is there of any daemon. */
async function leftovers(): Promise<string[]> {
  const containers = await engine.run(['ps', '-a', '--format', '{{.Names}}'])
  const networks = await engine.run(['network', 'ls', '--format', '{{.Name}}'])
  const tables = await machine.tables()
  return [...`${containers}\n${networks}`.split('\n'), ...tables].filter((line) =>
    line.includes('drover'),
  )
}

async function startDaemon(): Promise<TestDaemon> {
  return await startTestDaemon({
    launcher: machine.launcher,
    env: { DOCKER_HOST: engine.host },
    config: { gateway: { upstreams: { anthropic: { url: model } } }, admission: atOnce },
    isLeftClean: true,
  })
}

/** What an agent without rights could do to its network. */
async function expectPowerless(agent: CallingAgent): Promise<void> {
  const status = await agent.does('read /proc/self/status')
  expect(status).toMatch(/CapEff:\s+0+;/)
  expect(status).toMatch(/CapBnd:\s+0+;/)
  expect(status).toMatch(/NoNewPrivs:\s+1;/)
  expect(await agent.does('run ip route add 198.51.100.0/24 dev eth0')).toMatch(
    /^[1-9].*not permitted/,
  )
  expect(await agent.does('run ip addr add 172.18.0.77/16 dev eth0')).toMatch(
    /^[1-9].*not permitted/,
  )
  expect(await agent.does('read /var/run/docker.sock')).toBe('failed: ENOENT')
  expect(await agent.does('env DROVER_SOCKET')).toBe('undefined')
}

testWalled('with "none" an agent has no network at all', async () => {
  await using daemon = await startDaemon()
  using agent = new CallingAgent(daemon, 'a')
  await agent.start(image, 'none')
  expect(await agent.does('read /proc/net/dev')).not.toMatch(/eth|veth/)
  expect(await agent.does(`connect ${machine.beyond} ${allowedPort}`)).toBe('failed: ENETUNREACH')
  expect(await agent.does(`connect ${machine.address} ${otherPort}`)).toBe('failed: ENETUNREACH')
  expect(await agent.does('env DROVER_URL')).toBe('undefined')
  await daemon.client.remove('a', { force: true, waitSeconds: 20 })
})

testWalled('with "full" an agent reaches everything, and Drover by the door', async () => {
  await using daemon = await startDaemon()
  using agent = new CallingAgent(daemon, 'a')
  await agent.start(image, 'full')
  expect(await agent.does(`connect ${machine.beyond} ${forbiddenPort}`)).toBe('connected')
  expect(await agent.does(`connect ${machine.address} ${otherPort}`)).toBe('connected')
  expect(await agent.does('fetch $DROVER_URL/v1/agents/a DROVER_TOKEN')).toMatch(/^200 /)
  await daemon.client.remove('a', { force: true, waitSeconds: 20 })
})

testWalled('with "local" an agent reaches models and Drover, by the door alone', async () => {
  await using daemon = await startDaemon()
  using agent = new CallingAgent(daemon, 'a')
  using other = new CallingAgent(daemon, 'b')
  await agent.start(image, 'local')
  await other.start(image, 'local')
  const url = new URL(await agent.does('env DROVER_URL'))
  expect(await agent.does('fetch $DROVER_URL/v1/agents/a DROVER_TOKEN')).toMatch(/^200 /)
  expect(await agent.does(`fetch http://${machine.beyond}:${allowedPort}/`)).toMatch(/^403 /)
  await expectClosed(agent, url.hostname)
  await expectPowerless(agent)

  // Another agent's container, and its token.
  const [, address] = /inet (172\.\d+\.\d+\.\d+)/.exec(await other.does('run ip -4 addr')) ?? []
  expect(address).toBeDefined()
  expect(await agent.does(`connect ${address} 1`)).toBe('failed: timeout')
  const theirs = new URL(await other.does('env HTTP_PROXY'))
  const ours = new URL(await agent.does('env HTTP_PROXY'))
  const target = `http://${machine.beyond}:${allowedPort}/`
  expect(await agent.does(`by ${ours.username}:${theirs.password} ${target}`)).toBe('407')
  for (const name of ['a', 'b']) {
    await daemon.client.remove(name, { force: true, waitSeconds: 20 })
  }
  expect(await leftovers()).toEqual([])
})

/** Neither the machine nor what is beyond it is reached but by the door. */
async function expectClosed(agent: CallingAgent, gateway: string): Promise<void> {
  for (const [host, port] of [
    [gateway, otherPort],
    [machine.address, otherPort],
    ['172.17.0.1', otherPort],
  ] as const) {
    expect(await agent.does(`connect ${host} ${port}`), host).toBe('failed: timeout')
  }
  expect(await agent.does(`connect ${machine.beyond} ${forbiddenPort}`)).toMatch(
    /^failed: (timeout|ENETUNREACH)$/,
  )
  expect(await agent.does('connect 169.254.169.254 80')).toMatch(/^failed: (timeout|ENETUNREACH)$/)
  expect(await agent.does('lookup example.org')).toMatch(/^failed: E(AI_AGAIN|NOTFOUND)$/)
}

/** Somebody takes our rules away; the engine's own it could not do without. */
async function loseRules(): Promise<void> {
  for (const line of (await machine.tables()).filter((each) => each.includes('drover'))) {
    await machine.run('nft', 'delete', ...line.split(' '))
  }
}

testWalled('with a list an agent reaches what is listed, and nothing else', async () => {
  await using daemon = await startDaemon()
  using agent = new CallingAgent(daemon, 'a')
  await agent.start(image, { allow: [`${machine.beyond}:${allowedPort}`] })
  const url = new URL(await agent.does('env DROVER_URL'))
  expect(await agent.does(`fetch http://${machine.beyond}:${allowedPort}/`)).toBe('200 allowed')
  expect(await agent.does(`fetch http://${machine.beyond}:${forbiddenPort}/`)).toMatch(/^403 /)
  // Of the machine's own addresses neither, by the door.
  const { username, password } = new URL(await agent.does('env HTTP_PROXY'))
  for (const host of [url.hostname, machine.address, '127.0.0.1']) {
    const target = `http://${host}:${otherPort}/`
    expect(await agent.does(`by ${username}:${password} ${target}`)).toBe('403')
  }
  await expectClosed(agent, url.hostname)

  // The firewall's rules are lost, and come back by themselves.
  await loseRules()
  await waitFor('the rules to be set again', async () => {
    return (await machine.tables()).filter((line) => line.includes('drover')).length === 2
  })
  await expectClosed(agent, url.hostname)

  // A daemon that died finds them gone, too.
  await daemon.kill()
  await loseRules()
  await daemon.start()
  await expectClosed(agent, url.hostname)
  expect(await agent.does(`fetch http://${machine.beyond}:${allowedPort}/`)).toBe('200 allowed')
  await daemon.client.remove('a', { force: true, waitSeconds: 20 })
  expect(await leftovers()).toEqual([])
})

/** Root, without the right to change a network. */
const powerless = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'] as const

testWalled(
  'a daemon that may not set rules says so, and what an administrator can do',
  async () => {
    await using daemon = await startTestDaemon({
      launcher: [...machine.launcher, ...powerless],
      env: { DOCKER_HOST: engine.host },
      config: { admission: atOnce },
      isLeftClean: true,
    })
    using agent = new CallingAgent(daemon, 'a')
    const refused = await agent.start(image, 'local').catch((error: unknown) => error)
    const { doorRulesFile, configFile } = daemon.home
    expect(refused).toMatchObject({ code: 'unsupported', details: { field: 'network' } })
    expect(String(refused)).toContain(`sudo nft -f ${doorRulesFile}`)
    expect(String(refused)).toMatch(/Operation not permitted/)
    const [, port = ''] = /gateway\.preparedPort: (\d+)/.exec(String(refused)) ?? []
    expect(readFileSync(doorRulesFile, 'utf8')).toContain(`tcp dport ${port} accept`)
    expect(await leftovers()).toEqual([])
    const { checks } = await daemon.client.doctor()
    expect(checks.find(({ name }) => name === 'docker')?.detail).toContain(
      'networks: full, none; local and allow only with gateway.preparedPort',
    )

    // What he did holds for every daemon of the home, also one that could set rules itself.
    writeFileSync(
      configFile,
      JSON.stringify({ port: 0, gateway: { preparedPort: Number(port) }, admission: atOnce }),
    )
    await daemon.restart('SIGTERM')
    await agent.start(image, 'local')
    expect(await agent.does('env DROVER_URL')).toMatch(`:${port}`)
    expect(await agent.does('fetch $DROVER_URL/v1/agents/a DROVER_TOKEN')).toMatch(/^200 /)
    expect((await machine.tables()).filter((line) => line.includes('drover'))).toEqual([])
    await daemon.client.remove('a', { force: true, waitSeconds: 20 })
  },
)

testWalled('a network of that name which somebody else made is left alone, and told', async () => {
  await using daemon = await startDaemon()
  using agent = new CallingAgent(daemon, 'a')
  const { network } = wallNames(daemon.status.instance)
  await engine.run(['network', 'create', network])
  await agent.start(image, 'local')
  await daemon.client.send('a', { body: 'env HOME' })
  await waitFor('it to be told', async () => {
    const { lastRun } = await daemon.client.show('a')
    return lastRun?.cause?.includes(`${network} that is none of Drover`) === true
  })
  await daemon.client.remove('a', { force: true, waitSeconds: 20 })
  expect(await leftovers()).toEqual([network])
  await engine.run(['network', 'rm', network])
})

testWalled('an engine that sets no rules and has no bridge will do', async () => {
  await using other = await NetworkMachine.create()
  await using plain = await other.startEngine(noNetwork)
  await importBaseImage(plain)
  await other.greet('of the machine', otherPort)
  await using daemon = await startTestDaemon({
    launcher: other.launcher,
    env: { DOCKER_HOST: plain.host },
    config: { admission: atOnce },
    isLeftClean: true,
  })
  using agent = new CallingAgent(daemon, 'a')
  using second = new CallingAgent(daemon, 'b')
  await agent.start(image, 'local')
  await second.start(image, 'local')
  const { hostname } = new URL(await agent.does('env DROVER_URL'))
  expect(await agent.does('fetch $DROVER_URL/v1/agents/a DROVER_TOKEN')).toMatch(/^200 /)
  expect(await agent.does(`connect ${hostname} ${otherPort}`)).toBe('failed: timeout')
  const [, address] = /inet (172\.\d+\.\d+\.\d+)/.exec(await second.does('run ip -4 addr')) ?? []
  expect(await agent.does(`connect ${address} 1`)).toBe('failed: timeout')
  for (const name of ['a', 'b']) {
    await daemon.client.remove(name, { force: true, waitSeconds: 20 })
  }
  expect((await other.tables()).join()).toBe('')
})
