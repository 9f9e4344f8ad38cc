import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import type { Runtime } from '../../src/runtimes/contract.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import type { AgentSpec } from '../../src/schema/agent.ts'
import { RunRequest, type RunRequestInput } from '../../src/schema/requests.ts'
import { resolveHome } from '../../src/util/home.ts'
import { limit } from '../support/greeted-stage.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

let folder: string
let daemon: Daemon
const at = (name: string): string => path.join(folder, name)

beforeEach(async () => {
  folder = createTemporaryFolder()
  mkdirSync(at('home/templates'), { recursive: true })
  mkdirSync(at('work'))
  daemon = await Daemon.start({
    home: resolveHome({ DROVER_HOME: at('home') }),
    env: { PATH: process.env['PATH'] },
    version: '0',
    providers: [commandProvider],
    runtimes: [new ProcessRuntime(), boxed('docker'), boxed('other')],
    moveAsideCorrupt: false,
  })
})
afterEach(async () => {
  for (const { name } of daemon.agents.list(true)) {
    await daemon.agents.remove(name, true, limit)
  }
  await daemon.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** One whose programs are in containers; what is decided before a start is as with an engine. */
function boxed(name: string): Runtime {
  const runtime = new FakeRuntime()
  Object.defineProperty(runtime, 'name', { value: name })
  Object.defineProperty(runtime, 'capabilities', {
    value: { ...runtime.capabilities, elsewhere: true },
  })
  return runtime
}

async function specOf(request: Partial<RunRequestInput>): Promise<AgentSpec> {
  const wish = { template: 'command', program: ['cat'], dir: at('work'), ...request }
  const { agent } = await daemon.agents.create(RunRequest.parse(wish))
  return daemon.agents.show(agent.name).spec
}

function writeTemplate(name: string, text: string): void {
  const file = path.join(at('home/templates'), `${name}.yaml`)
  writeFileSync(file, `provider: command\nprogram: [cat]\n${text}`)
}

describe('a wish for a container', () => {
  test('means docker where nothing says otherwise', async () => {
    expect(await specOf({ container: { image: 'debian:12' } })).toMatchObject({
      runtime: 'docker',
      container: { image: 'debian:12', mounts: [] },
    })
    writeTemplate('boxed', 'container:\n  image: node:22\n  user: node\n')
    expect(await specOf({ template: 'boxed' })).toMatchObject({
      runtime: 'docker',
      container: { image: 'node:22', user: 'node' },
    })
    const other = { container: { user: '1000' }, runtime: 'other' }
    expect(await specOf(other)).toMatchObject({
      runtime: 'other',
      container: { image: 'drover-agent', user: '1000' },
    })
  })

  test('of a request comes before the runtime of a template, if that has none', async () => {
    writeTemplate('plain', 'runtime: process\n')
    writeTemplate('elsewhere', 'runtime: other\n')
    const container = { image: 'debian:12' }
    expect(await specOf({ template: 'plain', container })).toMatchObject({ runtime: 'docker' })
    expect(await specOf({ template: 'elsewhere', container })).toMatchObject({ runtime: 'other' })
  })

  test('is refused where a runtime is named that has none', async () => {
    await expect(
      specOf({ runtime: 'process', container: { image: 'debian' } }),
    ).rejects.toMatchObject({ code: 'unsupported', details: { field: 'container' } })
  })

  test.each<[RunRequestInput['container'], string]>([
    [{ mounts: [{ source: '/tmp/a\0b' }] }, 'container.mounts.0.source'],
    [{ mounts: [{ volume: 'cache', target: 'data' }] }, 'container.mounts.0.target'],
    [{ image: 'a b' }, 'container.image'],
    [{ user: '../x' }, 'container.user'],
    [{ capAdd: ['all'] }, 'container.capAdd.0'],
    [{ tmpfs: ['/a/../b'] }, 'container.tmpfs.0'],
    [{ privileged: true } as never, 'container.privileged'],
  ])('like %j is refused by its field', (container, field) => {
    const parsed = RunRequest.safeParse({ template: 'command', container })
    const [issue] = parsed.error?.issues ?? []
    const keys = issue?.code === 'unrecognized_keys' ? issue.keys : []
    expect([...(issue?.path ?? []), ...keys].join('.')).toBe(field)
  })

  test('shows no folder that shows too much', async () => {
    const code = 'invalid_mount'
    await expect(specOf({ runtime: 'docker', dir: folder })).rejects.toMatchObject({
      code,
      details: { field: 'dir' },
    })
    await expect(specOf({ runtime: 'docker', addDirs: ['/proc'] })).rejects.toMatchObject({
      code,
      details: { field: 'addDirs' },
    })
    expect(await specOf({ runtime: 'process', dir: folder })).toMatchObject({ dir: folder })
  })
})

describe('a sleeping agent that moves', () => {
  test('to docker gets the usual container, and keeps it on its way back', async () => {
    const { agents, verbs } = daemon
    await agents.create(
      RunRequest.parse({ template: 'command', name: 'a', program: ['cat'], dir: at('work') }),
    )
    await verbs.settled('a', limit)
    await verbs.sleep('a', limit)
    await verbs.wake('a', { runtime: 'docker' }, limit)
    expect(agents.show('a').spec.container).toMatchObject({ image: 'drover-agent' })
    await verbs.sleep('a', limit)
    await verbs.wake('a', { runtime: 'process' }, limit)
    expect(agents.show('a').spec).toMatchObject({
      runtime: 'process',
      container: { image: 'drover-agent' },
    })
  })

  test('stays where it is if its folder would show too much', async () => {
    const { agents, verbs } = daemon
    await agents.create(
      RunRequest.parse({ template: 'command', name: 'a', program: ['cat'], dir: folder }),
    )
    await verbs.settled('a', limit)
    await verbs.sleep('a', limit)
    await expect(verbs.wake('a', { runtime: 'docker' }, limit)).rejects.toMatchObject({
      code: 'invalid_mount',
    })
    expect(agents.show('a').spec.runtime).toBe('process')
  })
})
