import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPlainHandle } from '../../src/util/plain-file.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { mainFile, startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importBaseImage, importSmallImage } from '../support/docker-images.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { Terminal } from '../support/terminal.ts'
import { waitFor } from '../support/wait-for.ts'

/** All of a file that could have been changed. */
function stateIn(folder: string, name: string): unknown[] {
  const file = path.join(folder, name)
  const { mode, uid, mtimeMs, ctimeMs } = statSync(file)
  return [name, mode, uid, mtimeMs, ctimeMs, readFileSync(file, 'utf8')]
}

describe.skipIf(!canRunDocker)("a terminal in an agent's container", () => {
  let engine: DockerEngine
  let daemon: TestDaemon
  let image: string
  let bare: string
  let work: string

  beforeAll(async () => {
    engine = await DockerEngine.start()
    image = await importBaseImage(engine)
    bare = await importSmallImage(engine)
    daemon = await startTestDaemon({ env: { DOCKER_HOST: engine.host } })
    work = createTemporaryFolder()
    chmodSync(work, 0o777)
  }, 120_000)
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
  }, 60_000)

  const start = async (name: string, container: object, script = 'exec sh'): Promise<void> => {
    await daemon.client.run(
      {
        name,
        template: 'command',
        program: ['/bin/sh', '-c', script],
        dir: work,
        container: { user: '1234:2345', ...container },
      },
      { waitSeconds: 60 },
    )
  }

  test('is come to, is there for the next daemon, and is typed to by messages', async () => {
    await start('shown', { image, terminal: true }, 'echo hello; exec cat')
    await waitFor('its screen', async () =>
      (await daemon.client.screen('shown')).text.startsWith('hello\n'),
    )
    await using terminal = await Terminal.open(
      [process.execPath, mainFile, 'attach', 'shown', '--terminal'],
      { env: daemon.env, cwd: work },
    )
    await terminal.waitFor('hello')
    await terminal.type('typed')
    await terminal.press('Enter')
    await terminal.waitFor(/typed\s+typed/)
    await daemon.restart()
    await daemon.client.send('shown', { body: 'sent' })
    await terminal.waitFor(/sent\s+sent/)
  })

  test('is there only where it is asked for: else its program has pipes', async () => {
    await start('piped', { image }, 'test -t 0 || echo pipes; exec cat')
    const { code, stderr } = await runDrover(['attach', 'piped', '--terminal', '--json'], {
      env: daemon.env,
    })
    expect(code).not.toBe(0)
    expect(stderr).toContain('terminal')
    await waitFor('what it says', async () =>
      (await runDrover(['logs', 'piped'], { env: daemon.env })).stdout.includes('pipes'),
    )
  })

  test('takes tmux in the image: an image without it is named, with the way out', async () => {
    await start('without', { image: bare, terminal: true })
    await waitFor('why it is not up', async () => {
      const { stdout } = await runDrover(['why', 'without'], { env: daemon.env })
      return stdout.includes(`the image ${bare} has no tmux`) && stdout.includes('Install tmux')
    })
  })

  test('is refused for a program that has nothing for one', async () => {
    const args = ['run', 'chat', '--image', image, '--tty', '--dir', work, '--json']
    const result = await runDrover(args, { env: daemon.env })
    expect(problemOf(result)).toMatchObject({
      code: 'unsupported',
      details: { field: 'container.terminal' },
    })
  })

  describe('drover shell', () => {
    const stateOf = async (id: string): Promise<string | null> =>
      (await daemon.client.guests.list()).find((guest) => guest.id === id)?.state ?? null

    test('opens a terminal in the container, as its user and in its environment, and the next daemon has it', async () => {
      await start('host', { image }, 'exec cat')
      await using terminal = await Terminal.open([process.execPath, mainFile, 'shell', 'host'], {
        env: daemon.env,
        cwd: work,
        columns: 101,
        rows: 33,
      })
      await terminal.waitFor(/[$#]/)
      await terminal.type(
        'id -u; pwd; hostname; stty size; echo "<$DROVER_SOCKET$DROVER_TOKEN>$DROVER_AGENT"',
      )
      await terminal.press('Enter')
      await terminal.waitFor(/^1234$/m)
      await terminal.waitFor(work)
      await terminal.waitFor('33 101')
      await terminal.waitFor('<>host')
      const [guest] = await daemon.client.guests.list({ agent: 'host' })
      expect(guest).toMatchObject({ runtime: 'docker', state: 'running', program: ['/bin/sh'] })
      await daemon.restart()
      // Its client is back, and has drawn the screen anew below.
      await terminal.waitFor(/^<>host[^]*^<>host/m)
      await terminal.type('echo still-$((20 + 3))')
      await terminal.press('Enter')
      await terminal.waitFor('still-23')
      await terminal.type('exit')
      await terminal.press('Enter')
      await waitFor('it to be over', async () => (await stateOf(guest?.id ?? '')) === null)
      expect((await daemon.client.show('host')).status).not.toBe('asleep')
      expect(existsSync(path.join(daemon.home.guestsFolder, guest?.id ?? ''))).toBe(false)
    })

    test('is ended with all that it started, and the agent goes on', async () => {
      const program = ['sh', '-c', 'trap "" TERM HUP; setsid sleep 4713 & sleep 4713; sleep 4713']
      const guest = await daemon.client.guests.open('host', { program })
      const inside = async (): Promise<string> =>
        (
          await runDrover(
            ['exec', 'host', '--', 'sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" .'],
            { env: daemon.env },
          )
        ).stdout
      await waitFor('it to run', async () => (await inside()).includes('sleep.4713'))
      await daemon.client.guests.end(guest.id, { waitSeconds: 30 })
      expect(await inside()).not.toContain('sleep.4713')
      await daemon.client.send('host', { body: 'still there' })
      await waitFor('its answer', async () =>
        (await runDrover(['logs', 'host'], { env: daemon.env })).stdout.includes('still there'),
      )
    })

    test('has a folder that its container can replace, and nothing comes to the machine by it', async () => {
      const machine = createTemporaryFolder()
      for (const name of ['out', 'ended', 'exit', 'launch']) {
        writeFileSync(path.join(machine, name), 'a secret of the machine\n', { mode: 0o600 })
      }
      const before = JSON.stringify(readdirSync(machine).map((name) => stateIn(machine, name)))
      const guest = await daemon.client.guests.open('host', { program: ['sleep', '1000'] })
      const folder = path.join(daemon.home.guestsFolder, guest.id)
      const place = readlinkSync(folder)
      const put = `rm -rf ${place}; ln -s ${machine} ${place}`
      const { code } = await runDrover(['exec', 'host', '--', 'sh', '-c', put], { env: daemon.env })
      expect(code).toBe(0)
      expect(lstatSync(place).isSymbolicLink()).toBe(true)
      await expect(openPlainHandle(path.join(folder, 'out'))).rejects.toThrow('no plain file')
      await daemon.client.guests.end(guest.id, { waitSeconds: 30 })
      await waitFor('it to be over', async () => (await stateOf(guest.id)) === null)
      expect(existsSync(folder)).toBe(false)
      expect(existsSync(place)).toBe(false)
      expect(JSON.stringify(readdirSync(machine).map((name) => stateIn(machine, name)))).toBe(
        before,
      )
    })

    test('ends with the container: when the agent falls asleep, so does its guest; then there is no way in', async () => {
      const guest = await daemon.client.guests.open('host', { program: ['sleep', '1000'] })
      await daemon.client.sleep('host', { waitSeconds: 60 })
      await waitFor('it to be gone', async () => (await stateOf(guest.id)) === null)
      await expect(daemon.client.guests.open('host')).rejects.toMatchObject({ code: 'box_asleep' })
    })

    test('is refused in a container that is not its own, and leaves nothing', async () => {
      const shown = `${work}:${work}`
      await engine.run(['run', '-d', '--name', 'theirs', '-v', shown, image, 'sleep', '1000000'])
      await start('visitor', { name: 'theirs', user: undefined }, 'exec cat')
      await expect(daemon.client.guests.open('visitor')).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining('drover exec'),
      })
      expect(await daemon.client.guests.list({ agent: 'visitor' })).toEqual([])
    })
  })
})
