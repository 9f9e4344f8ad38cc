import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { ServiceState } from '../../src/cli/service/supervisor.ts'
import { Client } from '../../src/client/index.ts'
import { resolveHome } from '../../src/util/home.ts'
import { sendSignal } from '../../src/util/process-identity.ts'
import { callCli, type CliResult } from '../fixtures/cli-harness.ts'
import { mainFile } from '../support/daemon.ts'
import { FakeLaunchd } from '../support/fake-launchd.ts'
import { readJob } from '../support/launchd-plist.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 20 }

interface Stage {
  launchd: FakeLaunchd
  client: Client
  file: () => string
  service: (verb: string, changes?: Record<string, string>) => Promise<CliResult>
  state: () => Promise<ServiceState>
}

/** A Mac as far as the command line sees one. */
async function onMac(act: (stage: Stage) => Promise<void>): Promise<void> {
  using folder = temporaryFolder()
  await using launchd = await FakeLaunchd.start(path.join(folder.path, 'launchd'), ['gui/501'])
  const home = path.join(folder.path, 'my <home> & co')
  mkdirSync(home)
  writeFileSync(path.join(home, 'config.yaml'), '{"port":0}')
  const env = { DROVER_HOME: home, HOME: folder.path, PATH: process.env['PATH'] ?? '' }
  const machine = { platform: 'darwin', uid: 501, launchctl: launchd.program } as const
  const client = new Client({ socket: resolveHome(env).socketFile })
  const call = async (argv: string[], changes: Record<string, string> = {}): Promise<CliResult> =>
    await callCli(argv, {
      home,
      overrides: { env: { ...env, ...changes }, machine, self: [process.execPath, mainFile] },
    })
  const agents = path.join(folder.path, 'Library', 'LaunchAgents')
  try {
    await act({
      launchd,
      client,
      file: () => path.join(agents, `${launchd.labels[0]}.plist`),
      service: async (verb, changes) => await call(['service', verb], changes),
      state: async () =>
        JSON.parse((await call(['service', 'status', '--json'])).stdout) as ServiceState,
    })
  } finally {
    await call(['down', '--agents'])
    client.close()
  }
}

test('the daemon is an agent of launchd: installed, brought back, outlived by its agents, and gone', async () => {
  await onMac(async ({ launchd, client, service, state }) => {
    expect(await service('status')).toMatchObject({ exitCode: 3 })
    const installed = await service('install')
    expect(installed).toMatchObject({ exitCode: 0, stderr: '' })
    expect(installed.stdout).toContain('The service is installed.\n')
    const first = await state()
    expect(first).toMatchObject({
      isInstalled: true,
      isActive: true,
      state: 'running',
      restarts: 0,
    })
    expect(first.name).toBe(launchd.labels[0])
    expect((await client.status()).pid).toBe(first.pid)
    // Nobody watches it, so it makes no agent that nobody asked for.
    expect(await client.list({ all: true })).toEqual([])

    const made = await client.run({ template: 'command', program: ['/bin/cat'], name: 'cat' }, up)
    sendSignal(first.pid ?? 0, 'SIGKILL')
    await waitFor('another daemon', async () => ((await state()).pid ?? first.pid) !== first.pid)
    await waitFor('its word', async () => {
      const status = await client.status().catch(() => null)
      return status?.pid === (await state()).pid
    })
    expect(await state()).toMatchObject({ restarts: 1 })
    expect(await client.send('cat', { body: 'there?' }, up)).toMatchObject({ reply: 'there?' })
    expect((await client.show('cat')).pid).toBe(made.pid)

    expect((await service('install')).stdout).toContain('as it should be.')
    const before = await state()
    expect((await service('install', { LANG: 'C.UTF-8' })).stdout).toContain('is written anew.')
    expect((await state()).pid).not.toBe(before.pid)
    expect((await client.show('cat')).pid).toBe(made.pid)

    const gone = await service('uninstall')
    expect(gone.stdout).toBe('The service is gone. 1 agent goes on running.\n')
    expect(launchd.labels).toEqual([])
    expect(existsSync(first.file)).toBe(false)
    expect(await service('status')).toMatchObject({ exitCode: 3 })
    expect((await service('uninstall')).stdout).toBe('There is no service of this home.\n')
    await service('install')
    expect((await client.show('cat')).pid).toBe(made.pid)
    await client.remove('cat', { force: true, ...up })
    await service('uninstall')
  })
})

test('a daemon that was asked to end stays so until it is started', async () => {
  await onMac(async ({ client, file, service, state }) => {
    await service('install')
    expect(readJob(file())).toMatchObject({ KeepAlive: { SuccessfulExit: false } })
    const { pid } = await state()
    await client.shutdown()
    await waitFor('its end', async () => (await state()).pid === null)
    const stopped = await service('status')
    expect(stopped).toMatchObject({ exitCode: 1 })
    expect(stopped.stdout).toContain('not running (code 0)')
    await service('install')
    expect((await state()).pid).not.toBe(pid)
    await service('uninstall')
  })
})

test('what can not be is said: no answer, and who may not', async () => {
  await onMac(async ({ launchd, service }) => {
    launchd.domains.clear()
    const refused = await service('install')
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain('Domain does not support specified action')
    await service('uninstall')
  })
  const machine = { platform: 'darwin', uid: 0, launchctl: '/no/launchctl' } as const
  using folder = temporaryFolder()
  const root = await callCli(['service', 'status'], { home: folder.path, overrides: { machine } })
  expect(root.exitCode).toBe(2)
  expect(root.stderr).toContain('--system')
  const user = { ...machine, uid: 501 }
  const silent = await callCli(['service', 'status'], {
    home: folder.path,
    overrides: { machine: user },
  })
  expect(silent.stderr).toContain('launchd gives no answer')
})
