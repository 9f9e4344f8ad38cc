import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { DroverError } from '../../src/schema/error.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, receiptsIn } from '../support/events.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { canMount, mountSmallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))
const testOnSmallDisk = requireOrSkip('small-disk', canMount)
const diskBytes = 8 * 1024 * 1024

testOnSmallDisk(
  'a full disk: requests are refused as disk_full, nothing acknowledged is lost, and all goes on once there is space',
  async () => {
    using disk = mountSmallDisk(diskBytes)
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ home: disk.path, isLeftClean: true })
    const { client, env } = daemon
    const taken = (): string[] =>
      readFileSync(path.join(folder.path, 'taken'), 'utf8').trimEnd().split('\n')
    await client.run(
      {
        template: 'command',
        name: 'a',
        dir: folder.path,
        program: ['/bin/sh', agentScript, folder.path],
        prompt: 'before',
      },
      { waitSeconds: 10 },
    )

    disk.fill()
    const acknowledged: string[] = []
    let refusal: unknown = null
    for (let number = 1; refusal === null && number < 1000; number++) {
      const body = `${number} ${'x'.repeat(2000)}`
      try {
        acknowledged.push((await client.send('a', { id: `m${number}`, body })).body)
      } catch (error) {
        refusal = error
      }
    }
    expect(refusal).toBeInstanceOf(DroverError)
    expect(refusal).toMatchObject({
      code: 'disk_full',
      row: { status: 507, exit: 1, retryable: true },
    })
    const called = await runDrover(['send', 'a', 'x'.repeat(100_000), '--json'], { env, cwd: '/' })
    expect([called.code, problemOf(called)]).toMatchObject([
      1,
      { code: 'disk_full', hint: expect.stringContaining('Free some space') as string },
    ])
    await expect(
      client.run({
        template: 'command',
        name: 'b',
        program: ['/bin/cat'],
        prompt: 'x'.repeat(100_000),
      }),
    ).rejects.toMatchObject({ code: 'disk_full' })

    // It is still there to ask.
    expect((await client.list({ all: true })).map(({ name }) => name)).toEqual(['a'])
    expect((await client.messages('a', { limit: 1000 })).map(({ body }) => body)).toEqual([
      'before',
      ...acknowledged,
    ])

    disk.free()
    const after = await client.send('a', { body: 'after' })
    await waitFor(
      'every acknowledged message to be taken',
      () => taken().length === acknowledged.length + 2,
      30_000,
    )
    expect(taken()).toEqual(['before', ...acknowledged, 'after'])
    expect(await client.message(after.id, { waitSeconds: 20 })).toMatchObject({ state: 'done' })

    // What was true in memory is true on disk.
    await daemon.restart()
    expect((await client.messages('a', { limit: 1000 })).map(({ body }) => body)).toEqual([
      'before',
      ...acknowledged,
      'after',
    ])
    const events = await readEvents(client)
    expectGapless(events)
    for (const states of Object.values(receiptsIn(events))) {
      expect(states).toEqual([...new Set(states)])
    }
    expect(await client.sleep('a', { waitSeconds: 10 })).toMatchObject({ status: 'asleep' })
  },
)

testOnSmallDisk(
  'a daemon that is killed on a full disk finds all that was acknowledged',
  async () => {
    using disk = mountSmallDisk(diskBytes)
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ home: disk.path, isLeftClean: true })
    const { client } = daemon
    await client.run(
      {
        template: 'command',
        name: 'a',
        dir: folder.path,
        program: ['/bin/sh', agentScript, folder.path],
        prompt: 'before',
      },
      { waitSeconds: 10 },
    )
    const bodies = ['before']
    disk.fill()
    for (let isFull = false; !isFull;) {
      try {
        bodies.push((await client.send('a', { body: `${bodies.length} ${'x'.repeat(2000)}` })).body)
      } catch {
        isFull = true
      }
    }
    await daemon.kill()
    disk.free()
    await daemon.start()
    expect((await client.messages('a', { limit: 1000 })).map(({ body }) => body)).toEqual(bodies)
    const taken = (): string[] =>
      readFileSync(path.join(folder.path, 'taken'), 'utf8').trimEnd().split('\n')
    await waitFor(
      'every acknowledged message to be taken',
      () => taken().length >= bodies.length,
      30_000,
    )
    expect(taken()).toEqual(bodies)
    await client.sleep('a', { waitSeconds: 10 })
  },
)

testOnSmallDisk(
  'a daemon that can not start on a full disk says so, ends, and leaves the agent to the next',
  async () => {
    using disk = mountSmallDisk(diskBytes)
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ home: disk.path, isLeftClean: true })
    const { client } = daemon
    const program = ['/bin/sh', agentScript, folder.path]
    const request = { template: 'command', name: 'a', dir: folder.path, program, prompt: 'before' }
    const { run } = await client.run(request, { waitSeconds: 10 })
    await daemon.kill()
    disk.fill()
    // With what it recovers in hand: a process that lingers here would go on beside the next daemon.
    await expect(daemon.start()).rejects.toThrow(/exit 1.*"code":"disk_full"/)
    disk.free()
    await daemon.start()
    expect(daemon.status.recovered).toMatchObject({ adopted: 1 })
    expect(await client.send('a', { body: 'after' }, { waitSeconds: 10 })).toMatchObject({
      state: 'done',
      reply: 'took after',
      run,
    })
    await client.sleep('a', { waitSeconds: 10 })
  },
)

/** Each page that is left lets the daemon come a step further before the disk is full. */
const pagesLeft = [10, 12, 16, 18, 20, 24, 32]

testOnSmallDisk(
  'a disk that is full at any step of a wake doubles no message, and tells the truth of each',
  { timeout: 180_000 },
  async () => {
    using disk = mountSmallDisk(diskBytes)
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ home: disk.path, isLeftClean: true })
    const { client } = daemon
    await client.run(
      {
        template: 'command',
        name: 'a',
        dir: folder.path,
        program: ['/bin/sh', agentScript, folder.path],
        prompt: 'before',
      },
      { waitSeconds: 10 },
    )
    const expected = ['before']
    const taken = (): string[] =>
      readFileSync(path.join(folder.path, 'taken'), 'utf8').trimEnd().split('\n')
    for (const pages of pagesLeft) {
      await client.sleep('a', { waitSeconds: 20 })
      // A clean end folds the write-ahead log into the database, so each round begins alike.
      await daemon.restart('SIGTERM')
      disk.fill(pages * 4096)
      const id = `with-${pages}-pages`
      const isStored = await client.send('a', { id, body: id }).then(
        () => true,
        () => false,
      )
      disk.free()
      if (isStored) {
        const isTaken = (): boolean => taken().includes(id)
        await waitFor(
          'the message to be taken, or refused for good',
          async () => isTaken() || (await client.message(id)).state === 'failed',
          30_000,
        )
        if (isTaken()) {
          expected.push(id)
        } else {
          // A program that could not come up for want of space never saw it, and the receipt says so.
          expect(await client.message(id)).toMatchObject({
            state: 'failed',
            cause: expect.stringMatching(/./) as string,
          })
        }
      }
      expect(taken()).toEqual(expected)
      expect(daemon.stderr).toBe('')
    }
    expect(expected.length).toBeGreaterThan(1)
    expect(await client.sleep('a', { waitSeconds: 20 })).toMatchObject({ status: 'asleep' })
  },
)
