import { once } from 'node:events'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { sendSignal } from '../../src/util/process-identity.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, saidIn } from '../support/events.ts'
import { startMarked } from '../support/marked-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

vi.setConfig({ testTimeout: 60_000 })

const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))

function runFile(
  daemon: TestDaemon,
  run: string | null,
  name: 'in' | 'out' | 'exit' | 'holder',
): string {
  return runFiles(path.join(daemon.home.runsFolder, run ?? ''))[name]
}

describe('agents that end while the daemon is dead', () => {
  test('are found with the way they ended', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const ends = [
      { name: 'well', end: 'exit 0', lastRun: { status: 'exited', exitCode: 0, cause: null } },
      {
        name: 'badly',
        end: 'echo "no good" >&2; exit 3',
        lastRun: { status: 'failed', exitCode: 3, cause: 'exit code 3: no good' },
      },
      {
        name: 'killed',
        end: 'kill -KILL $$',
        lastRun: { status: 'failed', exitCode: null, cause: 'ended by SIGKILL' },
      },
      {
        name: 'asked',
        end: 'kill -TERM $$',
        lastRun: { status: 'failed', exitCode: null, cause: 'ended by SIGTERM' },
      },
    ]
    const runs: (string | null)[] = []
    for (const { name, end } of ends) {
      const agent = await client.run(
        {
          template: 'command',
          name,
          program: ['/bin/sh', '-c', `read -r line; echo "last words"; ${end}`],
          options: { settleMs: 60_000 },
        },
        { waitSeconds: 10 },
      )
      runs.push(agent.run)
    }
    await daemon.kill()
    for (const run of runs) {
      // As a daemon would have done: the message of a person, then the bell.
      appendFileSync(runFile(daemon, run, 'in'), 'go\n')
      appendFileSync(runFiles(path.join(daemon.home.runsFolder, run ?? '')).bell, 'r\n')
      await waitFor('the ending to be on record', () => isThere(runFile(daemon, run, 'exit')))
    }
    await daemon.start()
    expect(daemon.status.recovered).toMatchObject({ adopted: 0, finished: ends.length, unknown: 0 })
    for (const { name, lastRun } of ends) {
      const agent = await client.show(name)
      expect(agent).toMatchObject({ run: null, lastRun })
    }
    const events = await readEvents(client)
    expectGapless(events)
    for (const { name } of ends) {
      expect(saidIn(events, name)).toBe('last words\n')
      expect(
        events.filter((event) => event.type === 'run.ended' && event.agent === name),
      ).toHaveLength(1)
    }
  })

  test('a message that was with the agent is answered by what it said, once', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    using folder = temporaryFolder()
    const gate = path.join(folder.path, 'gate')
    await client.run(
      {
        template: 'command',
        name: 'a',
        dir: folder.path,
        program: [
          '/bin/sh',
          '-c',
          `read -r line; until [ -e ${gate} ]; do :; done; echo "answer to $line"`,
        ],
      },
      { waitSeconds: 10 },
    )
    const { id } = await client.send('a', { body: 'question' })
    await waitFor(
      'the message to be delivered',
      async () => (await client.message(id)).state === 'delivered',
    )
    const { run } = await client.show('a')
    await daemon.kill()
    writeFileSync(gate, '')
    await waitFor('the ending to be on record', () => isThere(runFile(daemon, run, 'exit')))
    await daemon.start()
    expect(await client.message(id, { waitSeconds: 10 })).toMatchObject({
      state: 'done',
      reply: 'answer to question',
      run,
    })
  })

  test('an agent that was killed with its holder is lost, and says so', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    await client.run({ template: 'command', name: 'a', program: ['/bin/cat'] }, { waitSeconds: 10 })
    await daemon.kill()
    await daemon.killMarked()
    await daemon.start()
    expect(await client.show('a')).toMatchObject({
      status: 'asleep',
      run: null,
      lastRun: { status: 'lost', exitCode: null },
    })
    expect(await client.send('a', { body: 'up again' }, { waitSeconds: 10 })).toMatchObject({
      state: 'done',
      reply: 'up again',
    })
    await client.sleep('a', { waitSeconds: 10 })
  })
})

test('a program whose holder was killed is ended before its output counts as whole', async () => {
  await using daemon = await startTestDaemon({ isLeftClean: true })
  const { client } = daemon
  const program = ['/bin/sh', '-c', 'while :; do echo tick; done']
  const { run } = await client.run({ template: 'command', name: 'a', program }, { waitSeconds: 10 })
  await waitFor('it to speak', async () => saidIn(await readEvents(client)) !== '')
  sendSignal(Number(readFileSync(runFile(daemon, run, 'holder'), 'utf8')), 'SIGKILL')
  await waitFor('the holder to be gone', async () => {
    await client.reconcile()
    return (await client.show('a')).run === null
  })
  const { lastRun } = await client.show('a')
  // Without its holder it was ended, and that may have been put on record by what was left of it.
  expect(['lost', 'failed']).toContain(lastRun?.status)
  expect(readFileSync(runFile(daemon, run, 'out'), 'utf8')).toBe(saidIn(await readEvents(client)))
})

describe('a half-written input', () => {
  test('is completed, not repeated', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({
      env: { DROVER_FAULT: 'input-assigned:2' },
      isLeftClean: true,
    })
    const { client } = daemon
    const program = ['/bin/sh', agentScript, folder.path]
    await client.run(
      { template: 'command', name: 'a', dir: folder.path, program, prompt: 'one' },
      { waitSeconds: 10 },
    )
    const { run } = await client.show('a')
    await expect(client.send('a', { id: 'two', body: 'the second message' })).rejects.toMatchObject(
      { code: 'daemon_unreachable' },
    )
    expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' })
    // The system got as far as half of it when the machine stopped.
    appendFileSync(runFile(daemon, run, 'in'), 'the second')
    await daemon.start({ env: {} })
    expect(
      await client.send('a', { id: 'two', body: 'the second message' }, { waitSeconds: 10 }),
    ).toMatchObject({ state: 'done' })
    expect(readFileSync(path.join(folder.path, 'taken'), 'utf8')).toBe('one\nthe second message\n')
    await client.sleep('a', { waitSeconds: 10 })
  })
})

describe('processes that carry the mark of a home', () => {
  test('and belong to nobody are swept at a start; those of another home are left alone', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    await daemon.kill()
    using orphan = await startMarked(daemon.status.instance)
    using stranger = await startMarked('home_of_somebody_else')
    await daemon.start()
    expect(await orphan.ended).toEqual([null, 'SIGKILL'])
    expect(daemon.status.recovered.orphans).toBe(1)
    expect(stranger.isAlive).toBe(true)
  })

  test('and left their group are ended with their agent', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    await client.run(
      {
        template: 'command',
        name: 'a',
        program: [
          '/bin/sh',
          '-c',
          'setsid sleep 600 & setsid sh -c "trap : TERM; while :; do sleep 600; done" & cat',
        ],
        graceMs: 100,
      },
      { waitSeconds: 10 },
    )
    await waitFor(
      'its children to be there',
      async () => (await daemon.marked()).filter(({ command }) => command === 'sleep').length >= 2,
    )
    await client.stop('a', { waitSeconds: 20 })
    expect((await daemon.marked()).map(({ command }) => command)).toEqual([])
  })
})

describe('a home', () => {
  test('belongs to one daemon: a second is refused with home_locked, the first goes on', async () => {
    await using daemon = await startTestDaemon()
    const { client, env } = daemon
    await client.run({ template: 'command', name: 'a', program: ['/bin/cat'] }, { waitSeconds: 10 })
    const second = await runDrover(['up', '--json'], { env })
    expect(second.code).toBe(1)
    expect(problemOf(second)).toMatchObject({
      code: 'home_locked',
      detail: expect.stringContaining(`pid ${daemon.pid}`) as string,
    })
    expect(await client.send('a', { body: 'still here' }, { waitSeconds: 10 })).toMatchObject({
      state: 'done',
      reply: 'still here',
    })
    expect((await client.status()).pid).toBe(daemon.pid)
  })

  test('of which two daemons are started at once gets one', async () => {
    using folder = temporaryFolder()
    const starts = await Promise.allSettled(
      [1, 2, 3].map(async () => await startTestDaemon({ home: folder.path })),
    )
    const up = starts.filter(({ status }) => status === 'fulfilled')
    expect(up).toHaveLength(1)
    for (const start of starts) {
      if (start.status === 'fulfilled') {
        await using daemon = start.value
        expect((await daemon.client.status()).pid).toBe(daemon.pid)
      } else {
        expect(String(start.reason)).toContain('home_locked')
      }
    }
  })

  test('with a stale socket and a stale daemon.json is no obstacle', async () => {
    await using daemon = await startTestDaemon()
    await daemon.kill()
    const { daemonFile, socketFile } = daemon.home
    expect(isThere(daemonFile)).toBe(true)
    // A pid that lives, and is no daemon of ours.
    writeFileSync(
      daemonFile,
      JSON.stringify({ pid: process.pid, url: 'http://127.0.0.1:1', socket: socketFile }),
    )
    await daemon.start()
    expect((await daemon.client.status()).pid).toBe(daemon.pid)
    expect(JSON.parse(readFileSync(daemonFile, 'utf8'))).toMatchObject({ pid: daemon.pid })
  })

  test('whose socket file is another thing is no obstacle, and the CLI says so while no daemon is there', async () => {
    await using daemon = await startTestDaemon()
    await daemon.kill()
    rmSync(daemon.home.socketFile)
    writeFileSync(daemon.home.socketFile, 'not a socket')
    expect((await runDrover(['ps'], { env: daemon.env })).code).toBe(5)
    await daemon.start()
    expect((await runDrover(['ps'], { env: daemon.env })).code).toBe(0)
  })

  test('asks for a port that is taken: port_taken, exit 1, and the home is free again', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    using folder = temporaryFolder()
    writeFileSync(path.join(folder.path, 'config.yaml'), `port: ${port}\n`)
    const env = { ...process.env, DROVER_HOME: folder.path } as Record<string, string>
    const refused = await runDrover(['up', '--json'], { env })
    expect([refused.code, problemOf(refused).code]).toEqual([1, 'port_taken'])
    other.close()
    await once(other, 'close')
    await using daemon = await startTestDaemon({ home: folder.path })
    expect(daemon.status.url).toBe(`http://127.0.0.1:${port}`)
  })
})

function isThere(file: string): boolean {
  try {
    return readFileSync(file).length > 0
  } catch {
    return false
  }
}
