import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { SystemdRuntime } from '../../src/runtimes/systemd/index.ts'
import { formatAgentUnit } from '../../src/runtimes/systemd/units.ts'
import { encodeUnitLaunch, unitName, type Unit } from '../../src/runtimes/units.ts'
import { ask, echoing, hurriedConfig, isUp, liveAlwaysOn } from '../support/always-on-story.ts'
import { sendSignal } from '../../src/util/process-identity.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const isRoot = process.getuid?.() === 0
const unitsFolder = isRoot
  ? '/etc/systemd/system'
  : path.join(homedir(), '.config', 'systemd', 'user')
const scope = isRoot ? [] : ['--user']
/** Units lie in the user's own folder, which is not that of the tests' homes. */
const env = { HOME: homedir() }
const managed = { ...process.env, XDG_RUNTIME_DIR: `/run/user/${process.getuid?.()}` }

async function systemctl(...words: string[]): Promise<string> {
  return (await promisify(execFile)('systemctl', [...scope, ...words], { env: managed })).stdout
}

const unitOf = ({ home, status }: TestDaemon, id: string): Unit => ({
  instance: status.instance,
  agent: { id, name: 'guard' },
  file: path.join(home.unitsFolder, id),
  runsFolder: home.runsFolder,
  limits: {},
})

const fileOf = (unit: Unit): string => path.join(unitsFolder, `${unitName(unit)}.service`)

test('an agent that is always on is kept up by systemd', async () => {
  await using daemon = await startTestDaemon({ env, config: hurriedConfig, isLeftClean: true })
  const unit = unitOf(daemon, '')
  await liveAlwaysOn(daemon, { runtime: 'systemd', unitFile: fileOf(unit) })
  expect(await systemctl('list-units', '--all', '--plain', `${unitName(unit)}*`)).toContain(
    '0 loaded units listed',
  )
})

test('its next start goes on with the session of the one before', async () => {
  await using daemon = await startTestDaemon({ env, config: hurriedConfig, isLeftClean: true })
  const { client } = daemon
  await client.run({ template: 'hello', name: 'guard', runtime: 'systemd', alwaysOn: true })
  expect(await ask(daemon, 'one')).toContain('message 1 of this conversation')
  const { run, pid } = await client.show('guard')
  sendSignal(-(pid ?? 0), 'SIGKILL')
  await isUp(daemon, run)
  expect(await ask(daemon, 'two')).toContain('message 2 of this conversation')
  await client.remove('guard', { force: true, waitSeconds: 30 })
})

test('its unit holds no secret, is enabled, and the command that begins it anew is the right one', async () => {
  await using daemon = await startTestDaemon({ env, config: hurriedConfig, isLeftClean: true })
  const { client } = daemon
  await client.run({
    template: 'command',
    name: 'guard',
    program: ['sh', '-c', 'read -r line; echo "$KEY"; exec cat'],
    env: { KEY: 's3cret' },
    runtime: 'systemd',
    alwaysOn: true,
  })
  expect(await ask(daemon, 'go')).toBe('s3cret')
  const unit = unitOf(daemon, '')
  expect(readFileSync(fileOf(unit), 'utf8')).not.toContain('s3cret')
  expect(await systemctl('show', unitName(unit))).not.toContain('s3cret')
  expect((await systemctl('is-enabled', unitName(unit))).trim()).toBe('enabled')
  const { run } = await client.show('guard')
  const refused = await client.restart('guard').catch((error: unknown) => error)
  const command = ['systemctl', ...scope, 'restart', unitName(unit)]
  expect(refused).toMatchObject({ code: 'supervised', details: { command: command.join(' ') } })
  await systemctl('restart', unitName(unit))
  await waitFor('another run', async () => {
    const next = (await client.show('guard')).run
    return next !== null && next !== run
  })
  await client.remove('guard', { force: true, waitSeconds: 30 })
})

test('a unit that a person puts down in the middle of a wake is honoured', async () => {
  await using daemon = await startTestDaemon({ env, config: hurriedConfig, isLeftClean: true })
  const { client } = daemon
  await client.run({ template: 'command', name: 'guard', program: echoing, runtime: 'systemd' })
  await ask(daemon, 'one')
  await client.sleep('guard', { waitSeconds: 20 })
  const unit = unitOf(daemon, (await client.show('guard')).id)
  mkdirSync(unitsFolder, { recursive: true })
  const file = fileOf(unit)
  writeFileSync(file, formatAgentUnit(unit, { properties: [], isSystem: isRoot }))
  try {
    const { id } = await client.send('guard', { body: 'two' })
    await waitFor(
      'it to wait for its supervisor',
      async () => (await client.show('guard')).waiting?.gate === 'supervised',
    )
    rmSync(file)
    await client.wake('guard')
    expect((await client.message(id, { waitSeconds: 30 })).reply).toMatch(/ two$/)
  } finally {
    rmSync(file, { force: true })
  }
  await client.remove('guard', { force: true, waitSeconds: 20 })
})

describe('a unit of an agent', () => {
  test('has its files anywhere, and the limits of its agent', async () => {
    using folder = temporaryFolder()
    const { units } = new SystemdRuntime({ ...process.env, ...env })
    const odd = path.join(folder.path, `a "b" $HOME \${x} %n %% 'c' \\t; ü`)
    const unit: Unit = {
      instance: 'home_1',
      agent: { id: 'agent_1', name: 'odd-one' },
      file: path.join(odd, 'unit'),
      runsFolder: path.join(odd, 'runs'),
      limits: isRoot ? { pids: 50 } : {},
    }
    mkdirSync(unit.runsFolder, { recursive: true })
    const said = path.join(folder.path, 'said')
    const argv = ['/bin/sh', '-c', 'echo up >>"$0"; sleep 1000', said] as const
    writeFileSync(
      `${unit.file}.launch`,
      encodeUnitLaunch({ argv, env: { PATH: '/usr/bin:/bin' }, cwd: '/', note: 'fresh' }),
    )
    const signal = AbortSignal.timeout(60_000)
    await units.install(unit, signal)
    try {
      const words = (): string => {
        try {
          return readFileSync(said, 'utf8')
        } catch {
          return ''
        }
      }
      await waitFor('its word', () => words() === 'up\n')
      expect(units.isInstalled(unit)).toBe(true)
      const pid = await systemctl('show', '--property=MainPID', unitName(unit))
      await units.install(unit, signal)
      expect(await systemctl('show', '--property=MainPID', unitName(unit))).toBe(pid)
      const tasks = (await systemctl('show', '--property=TasksMax', unitName(unit))).trim()
      expect(tasks).toBe(isRoot ? 'TasksMax=54' : 'TasksMax=infinity')
      expect(words()).toBe('up\n')
    } finally {
      await units.uninstall(unit, signal)
    }
    expect(units.isInstalled(unit)).toBe(false)
    await units.uninstall(unit, signal)
  })
})
