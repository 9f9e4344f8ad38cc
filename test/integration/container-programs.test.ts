import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client } from '../../src/client/index.ts'
import { AgentTokens } from '../../src/daemon/agent-tokens.ts'
import { readSecret } from '../../src/util/secret-file.ts'
import { runDrover, type CliResult } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importBaseImage } from '../support/docker-images.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { Terminal } from '../support/terminal.ts'
import { mainFile } from '../support/daemon.ts'
import { waitFor } from '../support/wait-for.ts'

describe.skipIf(!canRunDocker)("programs and files in an agent's container", () => {
  let engine: DockerEngine
  let daemon: TestDaemon
  let image: string
  let work: string

  beforeAll(async () => {
    engine = await DockerEngine.start()
    image = await importBaseImage(engine)
    daemon = await startTestDaemon({ env: { DOCKER_HOST: engine.host } })
    work = createTemporaryFolder()
    chmodSync(work, 0o777)
    await daemon.client.run(
      {
        name: 'box',
        template: 'command',
        program: ['cat'],
        runtime: 'docker',
        dir: work,
        container: { image, user: '1234:2345' },
        env: { GREETING: 'hello' },
      },
      { waitSeconds: 60 },
    )
  }, 120_000)
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
  }, 60_000)

  const drover = async (args: string[], input?: string | Uint8Array): Promise<CliResult> =>
    await runDrover(args, { env: daemon.env, ...(input === undefined ? {} : { input }) })
  const inside = async (...argv: string[]): Promise<string> =>
    (await drover(['exec', 'box', '--', ...argv])).stdout.trim()

  describe('drover exec', () => {
    test('runs a program beside the agent, as its user, in its folder and environment', async () => {
      const script = 'id -u; id -g; pwd; echo "$GREETING"; echo "$HOME"'
      const { home } = daemon
      const { id } = await daemon.client.show('box')
      expect(await drover(['exec', 'box', '--', 'sh', '-c', script])).toEqual({
        code: 0,
        stdout: `1234\n2345\n${work}\nhello\n${path.join(home.agentsFolder, id, 'home')}\n`,
        stderr: '',
      })
    })

    test('keeps output, complaints and exit code apart', async () => {
      const script = 'echo out; echo err >&2; exit 7'
      expect(await drover(['exec', 'box', '--', 'sh', '-c', script])).toEqual({
        code: 7,
        stdout: 'out\n',
        stderr: 'err\n',
      })
    })

    test('passes arguments whole', async () => {
      const words = ['a b', "it's", '$HOME', 'two\nlines', '', '-x']
      expect((await drover(['exec', 'box', '--', 'printf', '<%s>', ...words])).stdout).toBe(
        words.map((word) => `<${word}>`).join(''),
      )
    })

    test('gives input to its end, more than fits anywhere, and all of it comes back', async () => {
      const text = randomBytes(3 * 1024 * 1024).toString('hex')
      const { code, stdout } = await drover(['exec', 'box', '--', 'cat'], text)
      expect({ code, isSame: stdout === text }).toEqual({ code: 0, isSame: true })
    })

    test('takes another user, folder and variables', async () => {
      const args = ['--user', '0', '--workdir', '/etc', '--env', 'GREETING=bye']
      const script = 'id -u; pwd; echo "$GREETING"'
      const { stdout } = await drover(['exec', 'box', ...args, '--', 'sh', '-c', script])
      expect(stdout).toBe('0\n/etc\nbye\n')
    })

    test('has no token and no socket of Drover', async () => {
      expect(await inside('sh', '-c', 'echo "<$DROVER_TOKEN$DROVER_SOCKET>"')).toBe('<>')
    })

    test('says which program or folder is not there', async () => {
      const { code, stderr } = await drover(['exec', 'box', '--', 'no-such-program'])
      expect(stderr).toContain('no-such-program')
      expect(code).toBe(127)
      const away = await drover(['exec', 'box', '--workdir', '/no/such', '--', 'true'])
      expect(away.stderr).toContain('/no/such')
      expect(away.code).toBe(126)
    })

    test('ends with everything it started when its client is gone', async () => {
      const program = await daemon.client.boxes.exec('box', {
        argv: ['sh', '-c', 'trap "" TERM; sleep 4711 & sleep 4711'],
      })
      const count = async (): Promise<string> =>
        await inside('sh', '-c', 'grep -lsF 4711 /proc/[0-9]*/cmdline | grep -v self | wc -l')
      await waitFor('it to run', async () => Number(await count()) > 1)
      program.close()
      await waitFor(
        'it to be gone',
        async () =>
          !/sleep.4711/.test(await inside('sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" .')),
      )
    })

    test('gives it a terminal whose size follows ours, with Ctrl-C and its exit code', async () => {
      await using terminal = await Terminal.open(
        [process.execPath, mainFile, 'exec', 'box', '--tty', '--', 'sh'],
        { env: daemon.env, cwd: work, columns: 97, rows: 31 },
      )
      await terminal.waitFor(/^[$#]/m)
      await terminal.type('stty size; test -t 0 && echo a-terminal')
      await terminal.press('Enter')
      await terminal.waitFor('31 97')
      await terminal.waitFor(/^a-terminal/m)
      await terminal.type('sleep 4712 || echo "slept $?"')
      await terminal.press('Enter')
      await terminal.press('C-c')
      await terminal.type('exit 9')
      await terminal.press('Enter')
      await terminal.waitFor('exit code 9')
    })

    test('is refused where the agent is asleep, and where it has no container', async () => {
      await daemon.client.run(
        {
          name: 'resting',
          template: 'command',
          program: ['cat'],
          runtime: 'docker',
          dir: work,
          container: { image },
        },
        { waitSeconds: 60 },
      )
      await daemon.client.sleep('resting', { waitSeconds: 60 })
      const asleep = await drover(['exec', 'resting', '--', 'true'])
      expect(asleep.stderr).toContain('drover wake')
      expect(asleep.code).toBe(4)
      await daemon.client.run(
        { name: 'plain', template: 'command', program: ['cat'], dir: work },
        { waitSeconds: 60 },
      )
      const plain = await drover(['exec', 'plain', '--', 'true'])
      expect(plain.stderr).toContain('drover shell plain')
      expect(plain.code).not.toBe(0)
    })

    test('is not for agents', async () => {
      const { agentKeyFile } = daemon.home
      const { id } = await daemon.client.show('box')
      const token = new AgentTokens(readSecret(agentKeyFile)).tokenOf(id)
      const agent = new Client({ socket: daemon.status.socket, token })
      await expect(agent.boxes.exec('box', { argv: ['true'] })).rejects.toMatchObject({
        code: 'forbidden',
      })
      agent.close()
    })
  })

  describe('drover cp', () => {
    test("copies a file in, which becomes the agent's, and out again", async () => {
      const bytes = randomBytes(3 * 1024 * 1024 + 17)
      const file = path.join(work, 'here.bin')
      writeFileSync(file, bytes, { mode: 0o640 })
      expect((await drover(['cp', file, 'box:/var/tmp/there.bin'])).stderr).toBe('')
      expect(await inside('stat', '-c', '%u %g %a %s', '/var/tmp/there.bin')).toBe(
        `1234 2345 640 ${bytes.length}`,
      )
      expect(
        (await drover(['cp', 'box:/var/tmp/there.bin', path.join(work, 'back.bin')])).code,
      ).toBe(0)
      expect(readFileSync(path.join(work, 'back.bin')).equals(bytes)).toBe(true)
    })

    test('copies folders, into one that is there or under a new name, and merges', async () => {
      const folder = path.join(work, 'tree')
      mkdirSync(path.join(folder, 'deep', 'er'), { recursive: true })
      writeFileSync(path.join(folder, 'deep', 'er', `${'long-'.repeat(30)}name`), 'x')
      writeFileSync(path.join(folder, 'a b'), 'y')
      symlinkSync('a b', path.join(folder, 'link'))
      await drover(['cp', folder, 'box:/var/tmp'])
      await drover(['cp', folder, 'box:/var/tmp/renamed'])
      for (const name of ['tree', 'renamed']) {
        expect(await inside('find', `/var/tmp/${name}`, '-printf', '%U:%G %P\n')).toBe(
          await inside('find', `/var/tmp/${name}`, '-printf', '1234:2345 %P\n'),
        )
        expect(await inside('cat', `/var/tmp/${name}/link`)).toBe('y')
      }
      const out = path.join(work, 'out')
      mkdirSync(out)
      await inside('sh', '-c', 'echo z >/var/tmp/tree/late')
      writeFileSync(path.join(folder, 'mine'), 'stays')
      expect((await drover(['cp', 'box:/var/tmp/tree', work])).stderr).toBe('')
      expect(readFileSync(path.join(folder, 'late'), 'utf8')).toBe('z\n')
      expect(readFileSync(path.join(folder, 'mine'), 'utf8')).toBe('stays')
    })

    test('takes a path below the folder that the agent works in', async () => {
      writeFileSync(path.join(work, 'note.txt'), 'n')
      const target = path.join(work, 'copy.txt')
      expect((await drover(['cp', 'box:note.txt', target])).code).toBe(0)
      expect(readFileSync(target, 'utf8')).toBe('n')
    })

    test('writes a tar to standard output, and takes one from standard input', async () => {
      await inside('sh', '-c', 'mkdir -p /var/tmp/some /var/tmp/other; echo 1 >/var/tmp/some/one')
      const packed = path.join(work, 'some.tar')
      const { env } = daemon
      const toFile = [
        '/bin/sh',
        '-c',
        `exec "$@" >${packed}`,
        'sh',
        process.execPath,
        mainFile,
      ] as const
      await runDrover(['cp', 'box:/var/tmp/some', '-'], { env, program: toFile })
      expect((await drover(['cp', '-', 'box:/var/tmp/other'], readFileSync(packed))).stderr).toBe(
        '',
      )
      expect(await inside('stat', '-c', '%u %n', '/var/tmp/other/some/one')).toBe(
        '1234 /var/tmp/other/some/one',
      )
    })

    test('lands nowhere else, whatever the container has', async () => {
      const victim = path.join(work, 'victim')
      mkdirSync(victim)
      const target = path.join(work, 'evil')
      await inside(
        'sh',
        '-c',
        `mkdir -p /var/tmp/evil && cd /var/tmp/evil && ln -s ${victim} down && ln -s ../.. up && mkfifo pipe && touch plain`,
      )
      const { code, stderr } = await drover(['cp', 'box:/var/tmp/evil', work])
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: 'drover: 1 left out: devices, sockets and pipes are not copied.\n',
      })
      expect(existsSync(path.join(target, 'pipe'))).toBe(false)
      // The link that is there now is one, and is not gone through by the next copy.
      await inside('sh', '-c', 'cd /var/tmp/evil && rm down && mkdir down && touch down/planted')
      expect((await drover(['cp', 'box:/var/tmp/evil', work])).code).not.toBe(0)
      expect(existsSync(path.join(victim, 'planted'))).toBe(false)
      expect(readdirSync(work).filter((name) => name.startsWith('.drover-cp'))).toEqual([])
    })

    test('refuses what is no tar, and says what is not there', async () => {
      const noise = await drover(['cp', '-', 'box:/var/tmp'], 'x'.repeat(100_000))
      expect(noise.stderr).toContain('no whole tar')
      const cut = await drover(
        ['cp', '-', 'box:/var/tmp'],
        readFileSync(path.join(work, 'some.tar')).subarray(0, 700),
      )
      expect(cut.stderr).toContain('no whole tar')
      expect((await drover(['cp', 'box:/no/such', work])).code).toBe(3)
      expect(
        (await drover(['cp', path.join(work, 'note.txt'), 'box:/no/such/folder/x'])).code,
      ).toBe(3)
      expect((await drover(['cp', 'a', 'b'])).code).toBe(2)
    })

    test('works while the agent is asleep', async () => {
      await daemon.client.sleep('resting', { waitSeconds: 60 })
      const file = path.join(work, 'asleep.txt')
      writeFileSync(file, 'zzz')
      expect((await drover(['cp', file, 'resting:/var/tmp/a'])).stderr).toBe('')
      expect((await drover(['cp', 'resting:/var/tmp/a', `${file}.back`])).stderr).toBe('')
      expect(readFileSync(`${file}.back`, 'utf8')).toBe('zzz')
    })
  })
})
