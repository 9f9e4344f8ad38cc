import { describe, expect, test } from 'vitest'
import { Container } from '../../schema/container.ts'
import { planBounds, planContainer, planUpdate, type ContainerParts } from './plan-container.ts'

const parts = (container: Partial<Container> = {}, more: Partial<ContainerParts> = {}) => ({
  box: {
    agent: { id: 'agent_1', instance: 'home_1', folder: '/h/agents/agent_1/box' },
    container: Container.parse({ image: 'debian', ...container }),
    ownFolders: ['/h/agents/agent_1/state', '/h/agents/agent_1/home'],
    folders: ['/work', '/other'],
    readOnlyFolders: ['/docs'],
    home: '/h/agents/agent_1/home',
  },
  image: 'sha256:1',
  user: '1000:1000',
  runLink: '/h/agents/agent_1/box/run',
  scripts: '/drover',
  entry: '/drover/entry.sh',
  holder: '/drover/holder.sh',
  network: 'bridge',
  resolver: null,
  engineSocket: null,
  ...more,
})

const targets = (body: ReturnType<typeof planContainer>): string[] =>
  (body.HostConfig?.Mounts ?? []).map(
    ({ Source, Target, ReadOnly }) => `${Source}:${Target}${ReadOnly ? ':ro' : ''}`,
  )

const machine = { cpus: 4, memoryBytes: 8e9 }

describe('the container of an agent', () => {
  test('shows what it is to see under the same path, scripts and what is only read so that it can not be changed', () => {
    expect(targets(planContainer(parts(), {}))).toEqual([
      '/docs:/docs:ro',
      '/drover:/drover:ro',
      '/h/agents/agent_1/box/guests:/h/agents/agent_1/box/guests',
      '/h/agents/agent_1/box/run:/h/agents/agent_1/box/run',
      '/h/agents/agent_1/home:/h/agents/agent_1/home',
      '/h/agents/agent_1/state:/h/agents/agent_1/state',
      '/other:/other',
      '/work:/work',
    ])
  })

  test('has the mounts of the wish, volumes with our labels, and the engine’s socket only in words', () => {
    const mounts = [
      { source: '/data:a,b', target: '/in', isReadOnly: true },
      { source: '/same', isReadOnly: false },
      { volume: 'cache', target: '/cache', isReadOnly: false },
    ]
    const body = planContainer(parts({ mounts }), {})
    expect(targets(body)).toEqual(
      expect.arrayContaining(['/data:a,b:/in:ro', '/same:/same', 'cache:/cache']),
    )
    expect(body.HostConfig?.Mounts?.find(({ Type }) => Type === 'volume')?.VolumeOptions).toEqual({
      Labels: { 'drover.instance': 'home_1', 'drover.agent': 'agent_1' },
    })
    expect(targets(body).some((each) => each.includes('docker.sock'))).toBe(false)
    const socket = planContainer(parts({}, { engineSocket: '/run/docker.sock' }), {})
    expect(targets(socket)).toContain('/run/docker.sock:/var/run/docker.sock')
  })

  test('shows the folder that it works in at another place where one is named, and not at all where a volume is', () => {
    const elsewhere = targets(planContainer(parts({ workdir: '/app/src' }), {}))
    expect(elsewhere).toContain('/work:/app/src')
    expect(elsewhere).not.toContain('/work:/work')
    const mounts = [{ volume: 'app', target: '/app', isReadOnly: false }]
    const covered = targets(planContainer(parts({ workdir: '/app/src', mounts }), {}))
    expect(covered).toContain('app:/app')
    expect(covered.some((each) => each.startsWith('/work:'))).toBe(false)
    const beside = [{ volume: 'app', target: '/ap', isReadOnly: false }]
    expect(targets(planContainer(parts({ workdir: '/app/src', mounts: beside }), {}))).toContain(
      '/work:/app/src',
    )
  })

  test('can do nothing that it was not given', () => {
    const { HostConfig: plain } = planContainer(parts(), {})
    expect(plain).toMatchObject({
      CapDrop: ['ALL'],
      CapAdd: [],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: false,
      RestartPolicy: { Name: 'no' },
      Tmpfs: {},
    })
    const { HostConfig: other } = planContainer(
      parts({ capAdd: ['CHOWN'], newPrivileges: true, readOnly: true, tmpfs: ['/run'] }),
      {},
    )
    expect(other).toMatchObject({ CapAdd: ['CHOWN'], SecurityOpt: [], ReadonlyRootfs: true })
    expect(Object.keys(other?.Tmpfs ?? {})).toEqual(['/tmp', '/run'])
  })

  test('that is kept from the network asks no resolver, neither its own nor the engine', () => {
    const walls = { network: 'drover-1', resolver: '/h/agents/agent_1/box/resolv.conf' }
    const body = planContainer(parts({}, walls), {})
    expect(targets(body)).toContain('/h/agents/agent_1/box/resolv.conf:/etc/resolv.conf:ro')
    expect(body.HostConfig).toMatchObject({ NetworkMode: 'drover-1', Dns: ['127.0.0.1'] })
    expect(planContainer(parts(), {}).HostConfig).not.toHaveProperty('Dns')
  })

  test('is another one in another network', () => {
    const keys = ['bridge', 'none', 'drover-1'].map(
      (network) => planContainer(parts({}, { network }), {}).Labels['drover.key'],
    )
    expect(new Set(keys).size).toBe(3)
  })

  test('holds no variable but HOME, for an engine shows them to whoever asks', () => {
    expect(planContainer(parts(), {}).Env).toEqual(['HOME=/h/agents/agent_1/home'])
  })

  test('is another where its plan is another, and the same whatever it may use', () => {
    const keyOf = (body: ReturnType<typeof planContainer>): unknown => body.Labels['drover.key']
    const key = keyOf(planContainer(parts(), {}))
    expect(keyOf(planContainer(parts(), { memoryBytes: 1e9, cpus: 1, pids: 50 }))).toBe(key)
    expect(keyOf(planContainer(parts({}, { image: 'sha256:2' }), {}))).not.toBe(key)
    expect(keyOf(planContainer(parts({ readOnly: true }), {}))).not.toBe(key)
    expect(keyOf(planContainer(parts({}, { user: '0:0' }), {}))).not.toBe(key)
    // A size of its disk can't be changed later.
    expect(keyOf(planContainer(parts(), { diskBytes: 1e9 }))).not.toBe(key)
  })
})

describe('what a container may use', () => {
  test('is what the agent may, with room for our own processes, and no swap', () => {
    const { HostConfig } = planContainer(parts(), { memoryBytes: 64e6, cpus: 1.5, pids: 10 })
    expect(HostConfig).toMatchObject({ Memory: 64e6, MemorySwap: 64e6, NanoCpus: 1.5e9 })
    expect(HostConfig?.PidsLimit).toBeGreaterThan(10)
    expect(planContainer(parts(), {}).HostConfig).not.toHaveProperty('Memory')
  })

  test('is changed only where it differs; what goes is all that the machine has', () => {
    const some = planBounds({ memoryBytes: 64e6, pids: 10 })
    expect(planUpdate(some, planBounds({ memoryBytes: 64e6, pids: 10 }), machine)).toBeNull()
    expect(planUpdate(some, planBounds({ cpus: 2 }), machine)).toEqual({
      memoryBytes: 8e9,
      memorySwapBytes: -1,
      cpus: 2,
      pids: -1,
    })
  })

  test('that went are none, though engines tell of all that the machine has', () => {
    expect(planUpdate(planBounds({ cpus: 2 }), planBounds({}), machine)?.cpus).toBe(4)
    const all = { memoryBytes: 8e9, cpus: 4, pids: null }
    expect(planUpdate(all, planBounds({}), machine)).toBeNull()
  })
})
