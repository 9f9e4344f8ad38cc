import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorTable } from '../../src/schema/error-table.ts'
import { resolveHome } from '../../src/util/home.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { baseEnvironment, startTestDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('a config.yaml', () => {
  test.each<[title: string, text: string, field: string | undefined, line: number]>([
    ['with an unknown key', 'port: 0\ncolour: red\n', 'colour', 2],
    [
      'with an unknown key far inside',
      'port: 0\ngateway:\n  upstreams:\n    # a comment\n    antropic:\n      url: http://127.0.0.1:1\n',
      'gateway.upstreams.antropic',
      5,
    ],
    ['with a port that is none', 'log:\n  level: info\nport: 99999\n', 'port', 3],
    [
      'with an address that is none',
      'gateway:\n  upstreams:\n    openai:\n      url: nowhere\n',
      'gateway.upstreams.openai.url',
      4,
    ],
    [
      'with an address of a file',
      'gateway: {upstreams: {openai: {url: "file:///etc/passwd"}}}\n',
      'gateway.upstreams.openai.url',
      1,
    ],
    ['with an unknown log level', 'log:\n  level: loud\n', 'log.level', 2],
    [
      'with a variable of a provider',
      'env:\n  GOOD: "1"\n  OPENAI_API_KEY: secret\n',
      'env.OPENAI_API_KEY',
      3,
    ],
    ['with a variable that is none', 'env:\n  A-B: "1"\n', 'env.A-B', 2],
    ['with a variable of the host that is none', 'passEnv:\n  - GOOD\n  - A-B\n', 'passEnv.1', 3],
    ['that is no YAML', 'port: 0\nlog: [\n', undefined, 3],
    ['that is a list', '- port\n', '', 1],
    ['with the same key twice', 'port: 0\nport: 1\n', undefined, 2],
  ])('%s keeps the daemon from starting, and says where', async (_, text, field, line) => {
    using folder = temporaryFolder()
    const home = resolveHome({ DROVER_HOME: folder.path })
    writeFileSync(home.configFile, text)
    const result = await runDrover(['up', '--json'], { env: baseEnvironment(home) })
    expect(result.code).toBe(errorTable.invalid_config.exit)
    const problem = problemOf(result)
    expect(
      { code: problem.code, field: problem.details?.field, line: problem.details?.['line'] },
      problem.detail,
    ).toEqual({ code: 'invalid_config', field, line })
    expect(problem.detail).toContain(`${home.configFile}:${line}`)
    expect(problem.detail).not.toContain('secret')
    expect(isThere(home.databaseFile)).toBe(false)
    expect(readFileSync(home.configFile, 'utf8')).toBe(text)
  })
})

describe('a database', () => {
  const cuts: [title: string, cut: (file: string) => void][] = [
    ['cut in the middle', (file) => truncateSync(file, Math.floor(statSync(file).size / 2))],
    ['cut after one page', (file) => truncateSync(file, 4096)],
    ['cut to nothing', (file) => truncateSync(file, 0)],
    ['cut inside its header', (file) => truncateSync(file, 50)],
    [
      'overwritten with text',
      (file) => writeFileSync(file, 'this was a database once, and is one no more\n'.repeat(1000)),
    ],
  ]

  test.each(cuts)(
    '%s is refused and left as it is; a person may have it moved aside',
    async (_, cut) => {
      await using daemon = await startTestDaemon()
      const { client, home, env } = daemon
      await client.run(
        { template: 'command', name: 'a', program: ['/bin/cat'], prompt: 'hello' },
        { waitSeconds: 10 },
      )
      await client.stop('a', { waitSeconds: 10 })
      await daemon.kill('SIGTERM')
      cut(home.databaseFile)
      const cutBytes = readFileSync(home.databaseFile)

      const refused = await runDrover(['up', '--json'], { env })
      expect(refused.code).toBe(1)
      const problem = problemOf(refused)
      expect(problem).toMatchObject({
        code: 'database_corrupt',
        hint: expect.stringContaining('--move-aside-corrupt') as string,
      })
      expect(problem.detail).toContain(home.databaseFile)
      expect(readFileSync(home.databaseFile).equals(cutBytes)).toBe(true)
      expect(readdirSync(home.runsFolder)).toHaveLength(1)

      await daemon.start({ args: ['--move-aside-corrupt'] })
      expect(await client.list({ all: true })).toEqual([])
      // What the lost rows referred to is kept with them.
      const runs = readdirSync(home.folder).find((name) => name.startsWith('runs.corrupt-'))
      expect(readdirSync(path.join(home.folder, runs ?? 'none'))).toHaveLength(1)
      expect(readdirSync(home.runsFolder)).toEqual([])
      const kept = readdirSync(home.folder).filter((name) =>
        /^drover\.db\.corrupt-[\dTZ-]+$/.test(name),
      )
      expect(kept).toHaveLength(1)
      expect(readFileSync(path.join(home.folder, kept[0] ?? '')).equals(cutBytes)).toBe(true)
    },
  )

  test('of a newer Drover is refused and left as it is', async () => {
    await using daemon = await startTestDaemon()
    await daemon.kill('SIGTERM')
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(daemon.home.databaseFile)
    database.exec('PRAGMA user_version = 9999')
    database.close()
    const before = readFileSync(daemon.home.databaseFile)
    const refused = await runDrover(['up', '--json', '--move-aside-corrupt'], { env: daemon.env })
    expect([refused.code, problemOf(refused).code]).toEqual([1, 'database_newer'])
    expect(readFileSync(daemon.home.databaseFile).equals(before)).toBe(true)
  })

  test('that is a folder is refused', async () => {
    await using daemon = await startTestDaemon()
    await daemon.kill('SIGTERM')
    rmSync(daemon.home.databaseFile)
    mkdirSync(daemon.home.databaseFile)
    const refused = await runDrover(['up', '--json'], { env: daemon.env })
    expect(refused.code).toBe(1)
    expect(refused.stderr).not.toContain('    at ')
  })
})

test('a home so deep that its socket would not fit has it elsewhere, and all works', async () => {
  using folder = temporaryFolder()
  const deep = path.join(folder.path, 'd'.repeat(100), 'e'.repeat(100))
  await using daemon = await startTestDaemon({ home: deep })
  const { socket } = daemon.status
  expect(Buffer.byteLength(socket)).toBeLessThan(104)
  expect(statSync(socket).mode & 0o777).toBe(0o600)
  expect(statSync(path.dirname(socket)).mode & 0o077).toBe(0)
  const { client, env } = daemon
  await client.run({ template: 'command', name: 'a', program: ['/bin/cat'] }, { waitSeconds: 10 })
  const sent = await runDrover(['send', 'a', 'from afar', '--wait', '--json'], { env })
  expect(JSON.parse(sent.stdout)).toMatchObject({ state: 'done', reply: 'from afar' })
  await daemon.restart()
  expect(await client.send('a', { body: 'still' }, { waitSeconds: 10 })).toMatchObject({
    state: 'done',
    reply: 'still',
  })
})

test('a home that is a file is refused in one line', async () => {
  using folder = temporaryFolder()
  const file = path.join(folder.path, 'file')
  writeFileSync(file, '')
  const env = { ...baseEnvironment(resolveHome({ DROVER_HOME: file })), HOME: folder.path }
  const refused = await runDrover(['up'], { env, cwd: folder.path })
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(/^drover: .*\n/)
  expect(refused.stderr).not.toContain('    at ')
})

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined
}
