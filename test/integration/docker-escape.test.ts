import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { describe, expect } from 'vitest'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { stageDocker, testWithDocker } from '../support/docker-stage.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const docker = stageDocker()
const up = { waitSeconds: 30 }
const secret = 'a secret of the machine'

/** A machine that is busy with tests takes starts all the same. */
const patient = { admission: { freeBytes: 0, memoryPressure: 100, cpuPressure: 100 } }

const startDaemon = async (): Promise<TestDaemon> =>
  await startTestDaemon({ env: { DOCKER_HOST: docker.engine.host }, config: patient })

/** Does what it is told, line by line. */
const obeying = (dir: string, name: string): RunRequestInput => ({
  template: 'command',
  runtime: 'docker',
  container: { image: docker.image },
  name,
  dir,
  program: ['/bin/sh', '-c', 'while IFS= read -r line; do eval "$line"; done'],
  options: { settleMs: 100 },
})

/** What nobody in a container may come to: files of the machine, and folders with more of them. */
class Machine implements Disposable {
  readonly #folder = temporaryFolder()
  readonly secretFile = path.join(this.#folder.path, 'secret')
  /** Has a file under each name that a run's folder has. */
  readonly folder = path.join(this.#folder.path, 'folder')
  readonly #before: string

  constructor() {
    writeFileSync(this.secretFile, `${secret}\n`.repeat(100), { mode: 0o600 })
    mkdirSync(this.folder)
    for (const name of ['out', 'ended', 'launch', 'limits']) {
      writeFileSync(path.join(this.folder, name), `${secret}\n`, { mode: 0o600 })
    }
    chmodSync(this.folder, 0o750)
    this.#before = this.#look()
  }

  /** Everything about them that could have been changed. */
  #look(): string {
    const files = readdirSync(this.folder, { recursive: true }).map((name) =>
      path.join(this.folder, String(name)),
    )
    return JSON.stringify(
      [this.secretFile, this.folder, ...files.toSorted()].map((file) => {
        const { mode, uid, gid, size, mtimeMs, ctimeMs, blocks } = statSync(file)
        const text = statSync(file).isFile() ? readFileSync(file, 'utf8') : ''
        return [file, mode, uid, gid, size, mtimeMs, ctimeMs, blocks, text]
      }),
    )
  }

  expectUntouched(): void {
    expect(this.#look()).toBe(this.#before)
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }
}

/** All that anybody is told of an agent, in every way. */
async function allTold(daemon: TestDaemon, name: string): Promise<string> {
  const ways = [
    ['logs', name],
    ['logs', name, '--raw'],
    ['logs', name, '--json'],
    ['why', name],
    ['show', name, '--json'],
    ['events', '--json', '--since', '0'],
  ]
  const told = []
  for (const way of ways) {
    const { stdout, stderr } = await runDrover(way, { env: daemon.env })
    told.push(stdout, stderr)
  }
  return told.join('\n')
}

const runFolderOf = (daemon: TestDaemon, id: string): string =>
  path.join(daemon.home.agentsFolder, id, 'box', 'run')

/** The other one, and the daemon, go on as if nothing were. */
async function expectAlive({ client }: TestDaemon, name: string): Promise<void> {
  const message = await client.send(name, { body: 'echo here' }, up)
  expect(message).toMatchObject({ state: 'done', reply: 'here' })
}

const names =
  'in out err exit end stop bell holder notes ended kills oom launch limits answers tmux.conf'

const ways = {
  'links to a file of the machine': ({ secretFile }: Machine) => `ln -s ${secretFile} "$f"`,
  'links into a folder of the machine': ({ folder }: Machine) => `ln -s ${folder}/"$f" "$f"`,
  'links to a folder of the machine': ({ folder }: Machine) => `ln -s ${folder} "$f"`,
  folders: () => `mkdir "$f"`,
  pipes: () => `mkfifo "$f"`,
}

describe(
  'a program in a container that replaces the files of its run by',
  { timeout: 120_000 },
  () => {
    testWithDocker.each(Object.entries(ways))(
      '%s comes to nothing by them, and daemon and other agents go on',
      async (_, put) => {
        using machine = new Machine()
        using folder = temporaryFolder()
        await using daemon = await startDaemon()
        const { client } = daemon
        const { id } = await client.run(obeying(folder.path, 'bad'), up)
        const { template, dir, name, program, options } = obeying(folder.path, 'good')
        await client.run({ template, dir, name, program, options }, up)
        const run = runFolderOf(daemon, id)
        const replace = `cd ${run}; for f in ${names}; do rm -rf "$f"; ${put(machine)}; done; touch done`
        await client.send('bad', { body: replace })
        await waitFor('them to be replaced', () => existsSync(path.join(run, 'done')), 30_000)
        expect(lstatSync(path.join(run, 'in')).isFile()).toBe(false)

        await client.send('bad', { body: 'echo again' })
        await expectAlive(daemon, 'good')
        // Another daemon opens all of them anew.
        await daemon.kill()
        await daemon.start()
        await expectAlive(daemon, 'good')
        expect(await allTold(daemon, 'bad')).not.toContain(secret)
        machine.expectUntouched()

        await client.stop('bad', up)
        expect((await client.show('bad')).run).toBeNull()
        await expectAlive(daemon, 'good')
        expect(await allTold(daemon, 'bad')).not.toContain(secret)
        machine.expectUntouched()

        await client.start('bad', up)
        await expectAlive(daemon, 'bad')
        await client.remove('bad', { force: true, ...up })
        expect(existsSync(path.join(daemon.home.agentsFolder, id))).toBe(false)
        machine.expectUntouched()
      },
    )
  },
)

describe(
  'a program in a container that puts links into its own folders',
  { timeout: 120_000 },
  () => {
    testWithDocker('has nothing read or written through them', async () => {
      using machine = new Machine()
      using folder = temporaryFolder()
      await using daemon = await startDaemon()
      const { client } = daemon
      const { id } = await client.run(obeying(folder.path, 'bad'), up)
      const own = path.join(daemon.home.agentsFolder, id)
      const plant = [
        `cd ${own}/state`,
        'rm -f prompt.md prompt.md.new',
        `ln -s ${machine.secretFile} prompt.md`,
        `ln -s ${machine.folder}/out prompt.md.new`,
        `ln -s ${machine.folder} folder`,
        `ln -s ${machine.folder} ${own}/home/folder`,
        `ln -s ${machine.secretFile} ${own}/home/file`,
        'echo planted',
      ]
      const message = await client.send('bad', { body: plant.join('; ') }, up)
      expect(message).toMatchObject({ state: 'done', reply: 'planted' })
      expect(JSON.stringify(await client.prompt('bad'))).not.toContain(secret)
      await client.sleep('bad', up)
      await expectAlive(daemon, 'bad')
      machine.expectUntouched()
      await client.remove('bad', { force: true, ...up })
      machine.expectUntouched()
    })
  },
)
