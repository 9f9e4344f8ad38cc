import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { formatPlist } from '../../src/util/plist.ts'
import { unitCommand, unitName, type Unit } from '../../src/runtimes/units.ts'
import { ask, echoing, hurriedConfig, isUp, liveAlwaysOn } from '../support/always-on-story.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { FakeLaunchd } from '../support/fake-launchd.ts'
import { readJob } from '../support/launchd-plist.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const main = fileURLToPath(new URL('../fixtures/supervised-daemon.ts', import.meta.url))

async function onLaunchd(
  act: (daemon: TestDaemon, launchd: FakeLaunchd) => Promise<void>,
): Promise<void> {
  using folder = temporaryFolder()
  await using launchd = await FakeLaunchd.start(folder.path)
  await using daemon = await startTestDaemon({
    main,
    env: { TEST_LAUNCHCTL: launchd.program },
    config: hurriedConfig,
    isLeftClean: true,
  })
  await act(daemon, launchd)
  expect(launchd.labels).toEqual([])
}

const unitOf = ({ home, status }: TestDaemon, id: string): Unit => ({
  instance: status.instance,
  agent: { id, name: 'guard' },
  file: path.join(home.unitsFolder, id),
  runsFolder: home.runsFolder,
  limits: {},
})

const unitFile = (daemon: TestDaemon): string =>
  path.join(daemon.home.folder, 'LaunchAgents', `${unitName(unitOf(daemon, ''))}.plist`)

test('an agent lives in a service of launchd, with a daemon and without', async () => {
  await onLaunchd(async (daemon, launchd) => {
    const { client } = daemon
    const wish = { template: 'command', name: 'guard', program: echoing, runtime: 'launchd' }
    await client.run(wish)
    const said = await ask(daemon, 'one')
    const run = await isUp(daemon)
    expect(launchd.labels).toEqual([`drover-run.${daemon.status.instance}.${run}`])
    await daemon.restart()
    expect(await ask(daemon, 'two')).toBe(said.replace('one', 'two'))
    expect(await isUp(daemon)).toBe(run)
    await client.sleep('guard', { waitSeconds: 20 })
    await waitFor('its service to be gone', () => launchd.labels.length === 0)
    await ask(daemon, 'three')
    await client.remove('guard', { force: true, waitSeconds: 20 })
    await waitFor('its service to be gone', () => launchd.labels.length === 0)
  })
})

test('an agent that is always on is kept up by launchd', async () => {
  await onLaunchd(
    async (daemon) =>
      await liveAlwaysOn(daemon, { runtime: 'launchd', unitFile: unitFile(daemon) }),
  )
})

test('what launchd is to keep up is told to it in a list without secrets', async () => {
  await onLaunchd(async (daemon, launchd) => {
    const { client } = daemon
    const env = { KEY: 's3cret' }
    const program = ['sh', '-c', 'read -r line; echo "$KEY"; exec cat']
    await client.run({
      template: 'command',
      name: 'guard',
      program,
      env,
      runtime: 'launchd',
      alwaysOn: true,
    })
    expect(await ask(daemon, 'go')).toBe('s3cret')
    expect(readFileSync(unitFile(daemon), 'utf8')).not.toContain('s3cret')
    expect(readJob(unitFile(daemon))).toMatchObject({ KeepAlive: true, RunAtLoad: true })
    await expect(client.restart('guard')).rejects.toMatchObject({
      code: 'supervised',
      message: expect.stringContaining(
        `\`launchctl kickstart -k system/${launchd.labels[0]}\``,
      ) as string,
    })
    await client.remove('guard', { force: true, waitSeconds: 20 })
  })
})

test('a service that a person puts down in the middle of a wake is honoured', async () => {
  await onLaunchd(async (daemon, launchd) => {
    const { client } = daemon
    const { id } = await client
      .run({ template: 'command', name: 'guard', program: echoing, runtime: 'launchd' })
      .then(() => client.show('guard'))
    await ask(daemon, 'one')
    await client.sleep('guard', { waitSeconds: 20 })
    const unit = unitOf(daemon, id)
    const file = unitFile(daemon)
    mkdirSync(path.dirname(file), { recursive: true })
    const job = { Label: unitName(unit), ProgramArguments: unitCommand(unit), RunAtLoad: true }
    writeFileSync(file, formatPlist({ ...job, KeepAlive: true }), { mode: 0o600 })
    const { id: sent } = await client.send('guard', { body: 'two' })
    await waitFor(
      'it to wait for its supervisor',
      async () => (await client.show('guard')).waiting?.gate === 'supervised',
    )
    expect((await client.show('guard')).run).toBeNull()
    rmSync(file)
    await client.wake('guard')
    expect((await client.message(sent, { waitSeconds: 60 })).reply).toMatch(/ two$/)
    await client.remove('guard', { force: true, waitSeconds: 20 })
    await waitFor('its service to be gone', () => launchd.labels.length === 0)
  })
})
