import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServiceState } from '../../src/cli/service/supervisor.ts'
import { Client } from '../../src/client/index.ts'
import { resolveHome } from '../../src/util/home.ts'
import { identifyProcess, isProcessAlive, sendSignal } from '../../src/util/process-identity.ts'
import { problemOf, runDrover, type CliResult } from '../support/cli.ts'
import { projectFolder } from '../support/shell.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const isRoot = process.getuid?.() === 0
/** Root's service is the system's here: root has no user manager in a container. */
const scope = isRoot ? ['--system'] : []
const up = { waitSeconds: 20 }

let folder: string
let env: Record<string, string>
let client: Client
beforeEach(() => {
  folder = createTemporaryFolder()
  const home = path.join(folder, `my "home" %n $HOME`)
  mkdirSync(home)
  // Agents start also where the machine is busy with other tests.
  const admission = { freeBytes: 0, memoryPressure: 100, cpuPressure: 100 }
  writeFileSync(path.join(home, 'config.yaml'), JSON.stringify({ port: 0, admission }))
  env = { PATH: process.env['PATH']!, HOME: process.env['HOME']!, DROVER_HOME: home }
  client = new Client({ socket: resolveHome(env).socketFile })
})
afterEach(async () => {
  const agents = await client.list({ all: true }).catch(() => [])
  for (const { name } of agents) {
    await client.remove(name, { force: true, ...up })
  }
  await service('uninstall')
  await runDrover(['down'], { env })
  client.close()
  rmSync(folder, { recursive: true, force: true })
})

async function service(verb: string, changes: Record<string, string> = {}): Promise<CliResult> {
  return await runDrover(['service', verb, ...scope], { env: { ...env, ...changes } })
}

async function state(): Promise<ServiceState> {
  const { stdout } = await runDrover(['service', 'status', '--json', ...scope], { env })
  return JSON.parse(stdout) as ServiceState
}

async function systemctl(...args: string[]): Promise<void> {
  const runtime = { XDG_RUNTIME_DIR: `/run/user/${process.getuid?.()}` }
  const all = [...(isRoot ? [] : ['--user']), ...args]
  await promisify(execFile)('systemctl', all, { env: { ...env, ...runtime } })
}

async function makeAgent(): Promise<{ pid: number; send(text: string): Promise<void> }> {
  const { pid } = await client.run({ template: 'command', program: ['/bin/cat'], name: 'cat' }, up)
  const send = async (text: string): Promise<void> => {
    expect(await client.send('cat', { body: text }, up)).toMatchObject({ reply: text })
  }
  return { pid: pid!, send }
}

describe('drover service', () => {
  test('is installed, tells how it is, outlived by its agents, and goes', async () => {
    expect(await service('status')).toMatchObject({ code: 3 })
    const installed = await service('install')
    expect(installed).toMatchObject({ code: 0, stderr: '' })
    expect(installed.stdout).toContain('The service is installed.\n')
    const first = await state()
    expect(first).toMatchObject({ isInstalled: true, isEnabled: true, isActive: true, notes: [] })
    expect(first.pid).toBe((await client.status()).pid)
    expect(Math.abs(Date.now() - (first.since ?? 0))).toBeLessThan(60_000)
    const shown = await service('status')
    expect(shown).toMatchObject({ code: 0 })
    expect(shown.stdout).toMatch(/^service +drover-[0-9a-f]{8}\.service$/m)
    expect(shown.stdout).toMatch(/^active, for \d+s$/m)

    const agent = await makeAgent()
    await agent.send('one')
    const identity = (await identifyProcess(agent.pid))!
    await systemctl('restart', first.name)
    expect((await client.status()).pid).not.toBe(first.pid)
    expect(await isProcessAlive(identity)).toBe(true)
    await agent.send('two')

    const again = await service('install')
    expect(again.stdout).toContain('The service is installed already, and as it should be.\n')
    const other = await service('install', { PATH: `${env['PATH']}:/opt/programs` })
    expect(other.stdout).toContain('The service was there and has changed; it is written anew.\n')
    expect(readFileSync(first.file, 'utf8')).toContain('/opt/programs')
    await agent.send('three')

    expect((await service('uninstall')).stdout).toBe(
      'The service is gone. 1 agent goes on running.\n',
    )
    expect(existsSync(first.file)).toBe(false)
    expect(await isProcessAlive(identity)).toBe(true)
    expect(await service('status')).toMatchObject({ code: 3 })
    expect((await service('uninstall')).stdout).toBe('There is no service of this home.\n')
    // The next daemon, one without a service, finds the agent as it is.
    await runDrover(['up', '--detach'], { env })
    await agent.send('four')
    expect(await isProcessAlive(identity)).toBe(true)
  })

  test('takes over from a daemon that runs by itself, wherever Drover is installed', async () => {
    await runDrover(['up', '--detach'], { env })
    const before = await client.status()
    const agent = await makeAgent()
    const place = path.join(folder, `pro "grams" %n $HOME`)
    mkdirSync(place)
    copyFileSync(process.execPath, path.join(place, 'node'))
    symlinkSync(projectFolder, path.join(place, 'drover'))
    const program = [path.join(place, 'node'), path.join(place, 'drover/src/main.ts')] as const
    const installed = await runDrover(['service', 'install', ...scope], { env, program })
    expect(installed.stdout).toContain(
      'The daemon that ran in this home was ended; its agents went on.\n',
    )
    const { pid } = await client.status()
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')).toContain(program[1])
    expect((await client.status()).pid).not.toBe(before.pid)
    await agent.send('still here')
    expect(await state()).toMatchObject({ isActive: true })
  })

  // Once is enough: the managers are the same program.
  test.skipIf(isRoot)(
    'comes back when it dies, and when it stands still; not when it is told to end',
    async () => {
      await service('install')
      const { name, file } = await state()
      mkdirSync(`${file}.d`, { recursive: true })
      writeFileSync(`${file}.d/soon.conf`, '[Service]\nWatchdogSec=3\nRestartSec=100ms\n')
      await systemctl('daemon-reload')
      await systemctl('restart', name)
      const agent = await makeAgent()
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        const { pid } = await client.status()
        const identity = (await identifyProcess(pid))!
        sendSignal(pid, signal)
        await waitFor('its end', async () => !(await isProcessAlive(identity)), 30_000)
        await waitFor('the next one', async () => (await state()).isActive, 30_000)
        await agent.send(signal)
      }
      expect((await state()).restarts).toBe(2)
      await runDrover(['down'], { env })
      await waitFor('its end', async () => (await state()).state === 'inactive')
      expect(await service('status')).toMatchObject({ code: 1 })
      rmSync(`${file}.d`, { recursive: true })
      await runDrover(['up', '--detach'], { env })
    },
  )

  test('says what is missing where it can not be had', async () => {
    const result = await runDrover(
      ['service', 'install', '--json', ...(isRoot ? [] : ['--system'])],
      { env },
    )
    expect(result.code).toBe(2)
    expect(problemOf(result)).toMatchObject(
      isRoot
        ? { code: 'unsupported', detail: expect.stringMatching(/add --system\.$/) as string }
        : { code: 'usage', detail: expect.stringMatching(/^--system: .* root only/) as string },
    )
  })
})
