import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client, DroverError } from '../../src/client/index.ts'
import type { GuestRequestInput } from '../../src/schema/guest.ts'
import { limits } from '../../src/schema/limits.ts'
import { findMarkedProcesses } from '../../src/util/process-identity.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { GitFolder } from '../support/git-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { Onlooker } from '../support/terminal-stage.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const testAtTerminal = requireOrSkip('tmux', hasProgram('tmux'))

const echoRunner = fileURLToPath(new URL('../../examples/runners/echo.sh', import.meta.url))

/** What a guest has of Drover's own, sorted. */
const ownVariables = [
  'DROVER_AGENT',
  'DROVER_HOME',
  'DROVER_INSTANCE',
  'DROVER_RUN',
  'DROVER_SOCKET',
]

/** A program that does this and then waits. */
const doing = (script: string): string[] => ['/bin/sh', '-c', `${script}\nexec sleep 1000`]

async function makeAgent(client: Client, dir: string, name = 'a'): Promise<void> {
  const env = { FOR_ALL: 'a value of the agent' }
  await client.run({ template: 'command', program: ['cat'], name, dir, env }, up)
}

async function endedOf(client: Client, id: string): Promise<Record<string, unknown> | undefined> {
  const events = await readEvents(client)
  return events.find(({ type, data }) => type === 'guest.ended' && data['id'] === id)?.data
}

async function gone(client: Client, id: string): Promise<Record<string, unknown>> {
  await waitFor(`${id} to be gone`, async () => (await endedOf(client, id)) !== undefined)
  return (await endedOf(client, id)) ?? {}
}

/** Processes of a guest. */
async function processesOf(id: string): Promise<{ pid: number; command: string }[]> {
  const marked = await findMarkedProcesses(`DROVER_RUN=${id}`)
  return marked
    .map(({ pid, command }) => ({ pid, command }))
    .toSorted((one, other) => one.pid - other.pid)
}

/** Its program has become what it waits with. */
async function comesUp(id: string): Promise<void> {
  await waitFor('it to come up', async () =>
    (await processesOf(id)).some(({ command }) => command === 'sleep'),
  )
}

/** What a process was given in its environment. */
function environmentOf(pid: number): Record<string, string> {
  const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
  return Object.fromEntries(
    entries.map((entry) => [entry.split('=')[0] ?? '', entry.slice(entry.indexOf('=') + 1)]),
  )
}

describe('a guest', () => {
  testAtTerminal(
    'is a terminal in the folder and environment of its agent, which sleeps on',
    async () => {
      using folder = temporaryFolder()
      const leaks = { ANTHROPIC_API_KEY: 'leak', DROVER_TOKEN: 'leak', EDITOR: 'vi', TMUX: 'x' }
      await using daemon = await startTestDaemon({ env: leaks, isLeftClean: true })
      const { client } = daemon
      await makeAgent(client, folder.path)
      await client.sleep('a', up)

      const guest = await client.guests.open('a', { program: doing('pwd >where; tty >terminal') })
      await comesUp(guest.id)
      expect(guest).toMatchObject({
        agent: 'a',
        state: 'running',
        cause: null,
        dir: folder.path,
        runtime: 'tmux',
        expiresAt: guest.createdAt + limits.guest.ttlMs.usual,
      })
      expect(readFileSync(path.join(folder.path, 'terminal'), 'utf8')).toMatch(
        /^\/dev\/pts\/\d+\n$/,
      )
      expect(readFileSync(path.join(folder.path, 'where'), 'utf8')).toBe(`${folder.path}\n`)

      const program = (await processesOf(guest.id)).find(({ command }) => command === 'sleep')
      const env = environmentOf(program?.pid ?? 0)
      expect(env).toMatchObject({
        FOR_ALL: 'a value of the agent',
        DROVER_AGENT: 'a',
        DROVER_HOME: daemon.home.folder,
        DROVER_RUN: guest.id,
      })
      // A guest is a person: what it calls is not the agent. Nor has it what an agent has not.
      expect(Object.keys(env).toSorted()).toEqual(
        [...ownVariables, 'FOR_ALL', 'HOME', 'LANG', 'PATH', 'PWD', 'TERM'].toSorted(),
      )

      expect(await client.guests.list()).toEqual([guest])
      expect(await client.guests.list({ agent: 'a' })).toEqual([guest])
      expect(await client.guests.show(guest.id)).toEqual(guest)
      expect((await client.show('a')).guests).toEqual([guest])
      expect((await client.show('a')).status).toBe('asleep')

      await client.guests.end(guest.id, up)
      expect(await client.guests.list()).toEqual([])
      await expect(client.guests.show(guest.id)).rejects.toMatchObject({ code: 'guest_not_found' })
      expect(await endedOf(client, guest.id)).toMatchObject({ cause: 'it was ended' })
      expect(await processesOf(guest.id)).toEqual([])
      expect(readdirSync(daemon.home.guestsFolder)).toEqual([])
    },
  )

  testAtTerminal('is the shell of its person, where no program is named', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ env: { SHELL: '/bin/bash' }, isLeftClean: true })
    const { client } = daemon
    await makeAgent(client, folder.path)
    const guest = await client.guests.open('a')
    expect(guest.program).toEqual(['/bin/bash'])
    expect(guest.state).toBe('running')
    await client.remove('a', { force: true, ...up })
    expect(await endedOf(client, guest.id)).toMatchObject({ cause: 'its agent was removed' })
    expect(await client.guests.list()).toEqual([])
  })

  testAtTerminal('can be typed into: a shell answers, and its exit is the end', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    await makeAgent(client, folder.path)
    const { id } = await client.guests.open('a', { program: ['/bin/sh'] })
    const size = { cols: 100, rows: 30 }
    await using person = Onlooker.at(await client.guests.terminal(id, { size }))
    await person.told('screen')
    person.stream.write('echo "<$FOR_ALL> $(pwd) $(stty size)"\r')
    await person.sees(`<a value of the agent> ${folder.path} 30 100`)
    // The terminal is there with the next daemon.
    await daemon.restart()
    await using again = Onlooker.at(await client.guests.terminal(id, { size }))
    await again.sees('<a value of the agent>')
    again.stream.write('exit 3\r')
    expect(await again.told('gone')).toEqual({ type: 'gone', cause: 'its program ended' })
    expect(await again.over).toBeNull()
    expect(await gone(client, id)).toMatchObject({ exitCode: 3 })
    await client.remove('a', { force: true, ...up })
  })

  testAtTerminal(
    'no value of its environment, nor of its arguments of tmux, is on a command line',
    async () => {
      using folder = temporaryFolder()
      await using daemon = await startTestDaemon({ isLeftClean: true })
      const { client } = daemon
      await makeAgent(client, folder.path)
      const guest = await client.guests.open('a', { program: doing(':') })
      await comesUp(guest.id)
      const value = Buffer.from('a value of the agent')
      const lines = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => {
          try {
            return [readFileSync(`/proc/${pid}/cmdline`)]
          } catch {
            return []
          }
        })
      expect(lines.some((line) => line.includes(guest.id))).toBe(true)
      expect(lines.filter((line) => line.includes(value))).toEqual([])
      await client.guests.end(guest.id, up)
      await client.remove('a', { force: true, ...up })
    },
  )

  testAtTerminal('whose program ends is gone with its code', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    await makeAgent(client, folder.path)
    const waiting = ['/bin/sh', '-c', 'until [ -e go ]; do sleep 0.05; done; exit 7']
    const { id } = await client.guests.open('a', { program: waiting })
    writeFileSync(path.join(folder.path, 'go'), '')
    expect(await gone(client, id)).toEqual({
      id,
      cause: 'its program ended',
      exitCode: 7,
      signal: null,
    })
    // One that is over before anybody could look.
    const short = await client.guests.open('a', { program: ['true'] })
    expect(await gone(client, short.id)).toMatchObject({ exitCode: 0 })
    await client.remove('a', { force: true, ...up })
  })

  testAtTerminal('is kept by the next daemon, and found ended if it ended meanwhile', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon()
    const { client } = daemon
    await makeAgent(client, folder.path)
    const kept = await client.guests.open('a', { program: doing(':') })
    const ending = ['/bin/sh', '-c', 'until [ -e go ]; do sleep 0.05; done; exit 9']
    const ended = await client.guests.open('a', { program: ending })
    await comesUp(kept.id)
    const before = await processesOf(kept.id)
    await daemon.kill()
    writeFileSync(path.join(folder.path, 'go'), '')
    await waitFor('the other one to end', async () => {
      return (await processesOf(ended.id)).length === 0
    })
    await daemon.start()
    expect(await gone(client, ended.id)).toMatchObject({ exitCode: 9, cause: 'its program ended' })
    expect(await client.guests.list()).toEqual([kept])
    expect(await processesOf(kept.id)).toEqual(before)
    // Neither is an orphan, and neither is a run of the agent.
    expect(daemon.status.recovered).toMatchObject({ orphans: 0, adopted: 1 })
    expect((await client.reconcile()).found).toEqual([])
    expect(await client.guests.list()).toEqual([kept])
    expect((await readEvents(client)).filter(({ type }) => type === 'guest.started')).toHaveLength(
      2,
    )
    await client.guests.end(kept.id, up)
  })

  testAtTerminal('comes to an agent whose own program is not there any more', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const file = path.join(folder.path, 'agent')
    writeFileSync(file, '#!/bin/sh\nexec cat\n', { mode: 0o755 })
    const env = { FOR_ALL: 'still here' }
    await client.run({ template: 'command', program: [file], name: 'a', dir: folder.path, env }, up)
    await client.sleep('a', up)
    rmSync(file)
    const { id } = await client.guests.open('a', { program: doing('echo "$FOR_ALL" >seen') })
    await comesUp(id)
    expect(readFileSync(path.join(folder.path, 'seen'), 'utf8')).toBe('still here\n')
    await client.remove('a', { force: true, ...up })
  })

  testAtTerminal('has what the provider sets for the agent, but nothing of its run', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    await client.run({ template: 'ndjson', program: ['sh', echoRunner], name: 'a' }, up)
    const { id } = await client.guests.open('a', { program: doing(':') })
    await comesUp(id)
    const program = (await processesOf(id)).find(({ command }) => command === 'sleep')
    const own = Object.keys(environmentOf(program?.pid ?? 0)).filter((each) =>
      each.startsWith('DROVER_'),
    )
    expect(own.toSorted()).toEqual(ownVariables)
    await client.remove('a', { force: true, ...up })
  })

  testAtTerminal('works in a worktree, and goes before that does', async () => {
    using repository = new GitFolder()
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const program = ['/bin/sh', '-c', 'while read -r _; do pwd; done']
    const dir = repository.path
    await client.run(
      { template: 'command', program, name: 'a', dir, worktree: {}, prompt: 'x' },
      up,
    )
    const { worktree } = (await client.show('a')).spec
    const guest = await client.guests.open('a', { program: doing(':') })
    expect(guest.dir).toBe(worktree?.folder)
    await expect(client.guests.open('a', { dir: repository.path })).rejects.toMatchObject({
      code: 'invalid_dir',
    })
    expect(await client.remove('a', { force: true, ...up })).toMatchObject({
      worktree: { isRemoved: true },
    })
    expect(await endedOf(client, guest.id)).toMatchObject({ cause: 'its agent was removed' })
  })

  testAtTerminal('goes with all else when the daemon is told to end its agents', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    await makeAgent(client, folder.path)
    await client.guests.open('a')
    await client.shutdown({ agents: true })
    await daemon.exited
    expect(await daemon.marked()).toEqual([])
  })
})

describe('what can not be', () => {
  let daemon: TestDaemon
  let folder: ReturnType<typeof temporaryFolder>
  beforeAll(async () => {
    daemon = await startTestDaemon({ isLeftClean: true })
    folder = temporaryFolder()
    const { path: dir } = folder
    mkdirSync(path.join(dir, 'work/inside'), { recursive: true })
    mkdirSync(path.join(dir, 'work-beside'))
    symlinkSync('..', path.join(dir, 'work/out'))
    symlinkSync('inside', path.join(dir, 'work/in'))
    writeFileSync(path.join(dir, 'work/file'), '')
    await makeAgent(daemon.client, path.join(dir, 'work'))
  })
  afterAll(async () => {
    using _folder = folder
    await using ended = daemon
    await ended.client.remove('a', { force: true, ...up })
  })

  test.for<[what: string, request: GuestRequestInput, code: string, problem: string]>([
    ['a time of -1', { ttlMs: -1 }, 'invalid_request', 'ttlMs: is less than a minute.'],
    ['a time of 0', { ttlMs: 0 }, 'invalid_request', 'ttlMs: is less than a minute.'],
    ['a time of 59 s', { ttlMs: 59_999 }, 'invalid_request', 'ttlMs: is less than a minute.'],
    ['a time of 5 h', { ttlMs: 5 * 3_600_000 }, 'invalid_request', 'ttlMs: is more than 4 hours.'],
    ['a year', { ttlMs: 31_536_000_000 }, 'invalid_request', 'ttlMs: is more than 4 hours.'],
    ['half a ms', { ttlMs: 60_000.5 }, 'invalid_request', 'ttlMs: '],
    ['1×0', { cols: 1, rows: 0 }, 'invalid_request', 'rows: is less than 1 rows.'],
    ['1001 columns', { cols: 1001 }, 'invalid_request', 'cols: is more than 1000 columns.'],
    ['no program', { program: ['nothing-of-this-name'] }, 'program_not_found', 'program: "nothing'],
    ['an empty name', { program: [''] }, 'program_not_found', 'program: "" was not found.'],
    ['a program that is no program', { program: ['./file'] }, 'program_not_found', 'program: "./f'],
    ['NUL in an argument', { program: ['true', 'a\0b'] }, 'invalid_request', 'program.1: contains'],
    ['no folder', { dir: 'nowhere' }, 'invalid_dir', 'dir: "nowhere" is not there.'],
    ['an empty folder name', { dir: '' }, 'invalid_request', 'dir: is empty.'],
    ['NUL in the folder', { dir: 'a\0b' }, 'invalid_request', 'dir: contains NUL.'],
    ['a file', { dir: 'file' }, 'invalid_dir', 'dir: "file" is no folder.'],
    ['the folder above', { dir: '..' }, 'invalid_dir', 'dir: ".." is outside of '],
    ['a folder beside', { dir: '../work-beside' }, 'invalid_dir', 'dir: "../work-beside" is outs'],
    ['another place', { dir: '/etc' }, 'invalid_dir', 'dir: "/etc" is outside of '],
    ['a link out', { dir: 'out' }, 'invalid_dir', 'dir: "out" is outside of '],
    ['through a link out', { dir: 'out/work-beside' }, 'invalid_dir', 'dir: "out/work-beside" is'],
    [
      'a word nobody knows',
      { shell: 'x' } as GuestRequestInput,
      'invalid_request',
      'shell: is not',
    ],
  ])('%s is refused, and nothing is made', async ([, request, code, problem]) => {
    const { client, home } = daemon
    const error = await client.guests.open('a', request).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code })
    expect((error as Error).message.slice(0, problem.length)).toBe(problem)
    expect(await client.guests.list()).toEqual([])
    expect(readdirSync(home.guestsFolder)).toEqual([])
  })

  test('who is not there has no guests', async () => {
    const { client } = daemon
    const none = { code: 'agent_not_found' }
    await expect(client.guests.open('nobody')).rejects.toMatchObject(none)
    await expect(client.guests.list({ agent: 'nobody' })).rejects.toMatchObject(none)
    for (const id of ['guest_1', '../runs', 'x'.repeat(90)]) {
      const missing = { code: 'guest_not_found' }
      await expect(client.guests.show(id)).rejects.toMatchObject(missing)
      await expect(client.guests.end(id)).rejects.toMatchObject(missing)
    }
  })

  testAtTerminal(
    'a stopped agent takes no guest, and the way out is told; one it has stays',
    async () => {
      const { client } = daemon
      const guest = await client.guests.open('a', { dir: 'in', program: doing(':') })
      expect(guest.dir).toBe(path.join(folder.path, 'work/inside'))
      await client.stop('a', up)
      const error = await client.guests.open('a').catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({
        code: 'agent_stopped',
        message: 'a takes no guests: the agent is stopped.',
      })
      expect((error as DroverError).row.hint).toContain('drover start')
      expect(await client.guests.list()).toEqual([guest])
      await client.start('a', up)
      await client.guests.end(guest.id, up)
    },
  )

  testAtTerminal('more than so many of one agent are refused', async () => {
    const { client } = daemon
    const { perAgent } = limits.guest
    const made = await Promise.allSettled(
      Array.from(
        { length: perAgent + 2 },
        async () => await client.guests.open('a', { program: doing(':') }),
      ),
    )
    const refused = made.filter(({ status }) => status === 'rejected')
    expect(refused.map((each) => 'reason' in each && (each.reason as DroverError).code)).toEqual([
      'too_many_guests',
      'too_many_guests',
    ])
    const guests = await client.guests.list()
    expect(guests).toHaveLength(perAgent)
    await Promise.all(guests.map(async ({ id }) => await client.guests.end(id, up)))
    expect(await client.guests.list()).toEqual([])
  })
})
