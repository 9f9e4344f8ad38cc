import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { RunRequest } from '../../src/schema/requests.ts'
import { resolveHome } from '../../src/util/home.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const mebibyte = 1024 * 1024

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon()
  mkdirSync(daemon.home.templatesFolder, { recursive: true })
  writeTemplate('small', 'limits:\n  memoryBytes: 64m\n')
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
})

function writeTemplate(name: string, text: string): void {
  const file = path.join(daemon.home.templatesFolder, `${name}.yaml`)
  writeFileSync(file, `provider: command\nprogram: [cat]\n${text}`)
}

/** `dd` takes so much memory in one piece, for a moment. */
const take = (size: string): string[] => [
  'dd',
  'if=/dev/zero',
  'of=/dev/null',
  `bs=${size}`,
  'count=1',
]

describe('an agent with a limit of memory', () => {
  test('ends when it wants more, says why, and bothers no other', async () => {
    const { env, client } = daemon
    const neighbour = await client.run(
      { template: 'command', name: 'neighbour', program: ['cat'] },
      { waitSeconds: 10 },
    )
    const line = ['run', 'command', 'go', '--name', 'greedy', '--memory', '64m', '--wait']
    const result = await runDrover([...line, '--', ...take('300M')], { env })
    expect(result.code, result.stderr).toBe(1)
    const { status, cause, spec } = await client.show('greedy')
    expect(spec.limits).toEqual({ memoryBytes: 64 * mebibyte })
    expect(status).toBe('asleep')
    // Where the system gives each process its limit it is dd that complains.
    expect(cause).toMatch(/out of memory: its limit is 64 MiB|memory exhausted/)
    const { reply } = await client.send('neighbour', { body: 'there?' }, { waitSeconds: 10 })
    expect(reply).toBe('there?')
    expect((await client.show('neighbour')).run).toBe(neighbour.run)
  })

  test('works within it, and shows it', async () => {
    const { env } = daemon
    const line = ['run', 'command', 'go', '--name', 'modest', '--memory', '64MiB', '--wait']
    const result = await runDrover([...line, '--', ...take('8M')], { env })
    expect(result.code, result.stderr).toBe(0)
    const shown = await runDrover(['show', 'modest'], { env })
    expect(shown.stdout).toMatch(/^limits +memory 64 MiB$/m)
  })

  test('may be one of chat: what Node.js only reserves does not count', async () => {
    const { env } = daemon
    const result = await runDrover(
      ['run', 'hello', 'Hello!', '--name', 'talker', '--memory', '160m', '--wait'],
      { env },
    )
    expect(result.stdout).toContain('I am talker')
  })

  test('is not started where there is not so much', async () => {
    const { client } = daemon
    await client.run({
      template: 'command',
      name: 'giant',
      program: ['cat'],
      limits: { memoryBytes: 1024 ** 5 },
    })
    await waitFor('the agent to wait', async () => (await client.show('giant')).waiting !== null)
    expect((await client.show('giant')).waiting).toMatchObject({
      gate: 'admission',
      cause: expect.stringContaining('1073741824 MB are needed') as string,
    })
    await client.remove('giant', { force: true, waitSeconds: 10 })
  })
})

describe('a template with limits', () => {
  test('has them in bytes, whatever way they were written; a request goes over them one by one', async () => {
    const { client } = daemon
    const small = await client.run({ template: 'small', name: 'as-written' })
    expect((await client.show(small.name)).spec.limits).toEqual({ memoryBytes: 64 * mebibyte })
    const limits = { memoryBytes: 128 * mebibyte }
    const more = await client.run({ template: 'small', name: 'over-it', limits })
    expect((await client.show(more.name)).spec.limits).toEqual(limits)
    const same = await client.run({ template: 'small', name: 'not-over-it', limits: {} })
    expect((await client.show(same.name)).spec.limits).toEqual({ memoryBytes: 64 * mebibyte })
  })

  test.each([
    ['memoryBytes: 64mb', 'limits.memoryBytes: is not a number of bytes'],
    ['memoryBytes: 1k', 'limits.memoryBytes: is less than 4 MiB'],
    ['memoryBytes: [1]', 'limits.memoryBytes: is not a number of bytes'],
    ['memory: 64m', 'limits.memory: is not a known key'],
    ['cpus: two', 'limits.cpus: is not a number'],
    ['cpus: 0', 'limits.cpus: is less than 0.01'],
    ['pids: 1.5', 'limits.pids: is not a whole number'],
    ['pids: 5000000', 'limits.pids: is more than 4194304'],
  ])('that are wrong (%s) is refused by line and field', async (text, problem) => {
    writeTemplate('wrong', `limits:\n  ${text}\n`)
    const result = await runDrover(['run', 'wrong', '--json'], { env: daemon.env })
    const { code, detail } = problemOf(result)
    expect(code).toBe('invalid_template')
    expect(detail).toContain(`wrong.yaml:4: ${problem}`)
  })
})

test.each([
  [{ memoryBytes: 1 }, 'limits.memoryBytes'],
  [{ memoryBytes: 4_194_304.5 }, 'limits.memoryBytes'],
  [{ memoryBytes: '512m' }, 'limits.memoryBytes'],
  [{ cpus: -1 }, 'limits.cpus'],
  [{ cpus: 1025 }, 'limits.cpus'],
  [{ pids: 0 }, 'limits.pids'],
  [{ disk: 5 }, 'limits.disk'],
  [[], 'limits'],
])('limits like %j are refused by name, and nothing is made', async (limits, field) => {
  const request = { template: 'command', name: 'never', program: ['cat'], limits }
  await expect(daemon.client.run(request as never)).rejects.toMatchObject({
    code: 'invalid_request',
    details: { field },
  })
  await expect(daemon.client.show('never')).rejects.toMatchObject({ code: 'agent_not_found' })
})

test.each([
  ['--memory', '5x', 'memory'],
  ['--memory', '', 'memory'],
  ['--cpus', 'many', 'cpus'],
  ['--cpus', '0', 'cpus'],
  ['--cpus', '1e3', 'cpus'],
  ['--pids', '-1', 'pids'],
  ['--pids', '1.5', 'pids'],
])('%s %j is a usage error that names it', async (option, value, field) => {
  const line = ['run', 'command', '--name', 'never', '--json', `${option}=${value}`, '--', 'cat']
  const result = await runDrover(line, { env: daemon.env })
  expect(result.code).toBe(2)
  expect(problemOf(result)).toMatchObject({
    code: 'usage',
    detail: expect.stringContaining(option) as string,
    details: { field },
  })
})

test('a runtime that limits nothing refuses each limit by name, and makes nothing', async () => {
  using folder = temporaryFolder()
  const started = await Daemon.start({
    home: resolveHome({ DROVER_HOME: folder.path }),
    env: { PATH: process.env['PATH'] },
    version: '0',
    providers: [commandProvider],
    runtimes: [new FakeRuntime()],
    moveAsideCorrupt: false,
  })
  try {
    for (const limits of [{ memoryBytes: 64 * mebibyte }, { cpus: 0.5 }, { pids: 50 }]) {
      const request = { template: 'command', runtime: 'fake', program: ['cat'], limits }
      const field = `limits.${Object.keys(limits).join()}`
      await expect(started.agents.create(RunRequest.parse(request))).rejects.toMatchObject({
        code: 'unsupported',
        message: `${field}: the fake runtime can't keep it here: it limits nothing.`,
        details: { field },
      })
    }
    expect(started.agents.list(true)).toEqual([])
  } finally {
    await started.stop()
  }
})
