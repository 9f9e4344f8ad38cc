import { chmodSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, readLog, saidIn } from '../support/events.ts'
import { residentBytes } from '../support/memory.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const megabyte = 1024 * 1024

function outOf(daemon: TestDaemon, run: string | null): string {
  return runFiles(path.join(daemon.home.runsFolder, run ?? '')).out
}

const hasEnded = (daemon: TestDaemon, name: string) => async () =>
  (await daemon.client.show(name)).lastRun !== null

describe('a program that', () => {
  test('prints 100 MB without a newline costs the daemon little memory, and every byte is there', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const bytes = 100 * megabyte
    const before = residentBytes(daemon.pid)
    const { run } = await client.run({
      template: 'command',
      name: 'a',
      program: ['/bin/sh', '-c', `head -c ${bytes} /dev/zero | tr '\\0' x`],
    })
    let most = 0
    await waitFor(
      'the run to end',
      async () => {
        most = Math.max(most, residentBytes(daemon.pid))
        return await hasEnded(daemon, 'a')()
      },
      60_000,
    )
    expect(most - before).toBeLessThan(200 * megabyte)
    expect(statSync(outOf(daemon, run)).size).toBe(bytes)

    let received = 0
    let others = 0
    for await (const chunk of await client.logs('a', { format: 'raw' })) {
      received += chunk.length
      others += Buffer.from(chunk).equals(Buffer.alloc(chunk.length, 'x')) ? 0 : 1
    }
    expect({ received, others }).toEqual({ received: bytes, others: 0 })

    let said = 0
    for await (const event of client.events({ since: 0, isFollowing: false })) {
      said += event.type === 'text' ? String(event.data['text']).length : 0
    }
    expect(said).toBe(bytes)
    expect(await client.show('a')).toMatchObject({ lastRun: { status: 'exited', exitCode: 0 } })
  })

  test('prints what is no JSON, as Claude Code never should, is given its message so often and no more, and loses no word', async () => {
    using folder = temporaryFolder()
    const program = path.join(folder.path, 'claude')
    const garbage = [
      'this is no JSON',
      '{"type":',
      '[]',
      'null',
      '{"type":42}',
      '{"type":"assistant","message":"text"}',
      '{"type":"unheard-of"}',
      '\u0001\u0002',
    ]
    writeFileSync(
      program,
      `#!/bin/sh\nread -r line\ncat <<'END'\n${garbage.join('\n')}\nEND\necho 'and this on stderr' >&2\nexit 7\n`,
    )
    chmodSync(program, 0o755)
    await using daemon = await startTestDaemon({
      config: { providers: { claude: { path: program } } },
      isLeftClean: true,
    })
    const { client } = daemon
    const { message } = await client.run(
      {
        template: 'claude',
        name: 'a',
        dir: folder.path,
        prompt: 'hello',
        lifecycle: { tries: 1 },
      },
      { waitSeconds: 20 },
    )
    expect(message).toMatchObject({
      state: 'dead',
      cause: expect.stringContaining('exit code 7') as string,
    })
    expect(await client.show('a')).toMatchObject({
      status: 'asleep',
      lastRun: { status: 'failed', exitCode: 7, cause: 'exit code 7: and this on stderr' },
    })
    const events = await readEvents(client)
    expectGapless(events)
    const output = events
      .filter(({ type }) => type === 'output')
      .map(({ data }) => String(data['text']))
      .join('')
    for (const line of ['this is no JSON', '{"type":', '\u0001\u0002', 'and this on stderr']) {
      expect(output).toContain(`${line}\n`)
    }
    const raw = Buffer.concat(
      await Array.fromAsync(await client.logs('a', { format: 'raw' })),
    ).toString()
    expect(raw).toBe(`${garbage.join('\n')}\n`)
  })

  test('prints bytes that are no text is shown as well as can be, and kept as it was', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x0a, 0x00, 0x0a, 0xf0, 0x9f, 0x98, 0x0a])
    const octal = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
    await client.run({ template: 'command', name: 'a', program: ['/usr/bin/printf', octal] })
    await waitFor('the run to end', hasEnded(daemon, 'a'))
    expect(Buffer.concat(await Array.fromAsync(await client.logs('a', { format: 'raw' })))).toEqual(
      bytes,
    )
    expect(saidIn(await readEvents(client))).toBe('a\ufffd\ufffd\n\0\n\ufffd\n')
  })

  test('closes its output but lives on is alive, takes messages, and can be stopped', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const file = path.join(folder.path, 'taken')
    const { run } = await client.run(
      {
        template: 'command',
        name: 'a',
        dir: folder.path,
        program: [
          '/bin/sh',
          '-c',
          `echo bye; exec >&- 2>&-; while read -r line; do echo "$line" >>${file}; done`,
        ],
      },
      { waitSeconds: 10 },
    )
    await waitFor('its last words', async () => saidIn(await readEvents(client)) === 'bye\n')
    await client.send('a', { body: 'can you hear me' })
    await waitFor('the message to be taken', () => isFilled(file))
    expect(await client.show('a')).toMatchObject({ run, lastRun: null })
    expect(await client.stop('a', { waitSeconds: 20 })).toMatchObject({
      status: 'stopped',
      run: null,
    })
  })

  test('forks and exits has ended; what it left behind is swept, what it said is there', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    await client.run({
      template: 'command',
      name: 'a',
      program: [
        '/bin/sh',
        '-c',
        'setsid sh -c "trap : HUP TERM; sleep 600" & echo parent is done; exit 4',
      ],
    })
    await waitFor('the run to end', hasEnded(daemon, 'a'))
    expect(await client.show('a')).toMatchObject({
      status: 'asleep',
      run: null,
      lastRun: { status: 'failed', exitCode: 4 },
    })
    await waitFor('what it left to be gone', async () => (await daemon.marked()).length === 0)
    expect(await readLog(client, 'a')).toMatchObject([
      { stream: 'out', text: 'parent is done' },
      { stream: 'system' },
    ])
  })

  test('is gone when it is to start again fails its message with the cause', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const program = path.join(folder.path, 'program')
    writeFileSync(program, '#!/bin/sh\nexec cat\n')
    chmodSync(program, 0o755)
    await client.run(
      { template: 'command', name: 'a', dir: folder.path, program: [program] },
      { waitSeconds: 10 },
    )
    await client.sleep('a', { waitSeconds: 10 })
    writeFileSync(program, '')
    chmodSync(program, 0o644)
    const message = await client.send('a', { body: 'x' }, { waitSeconds: 10 })
    expect(message).toMatchObject({
      state: 'failed',
      cause: expect.stringContaining('no executable') as string,
    })
    expect(await client.show('a')).toMatchObject({
      status: 'asleep',
      lastRun: { status: 'failed' },
    })
  })
})

function isFilled(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0
}
