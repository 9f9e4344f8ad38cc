import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect } from 'vitest'
import { limits } from '../../src/schema/limits.ts'
import { readSecret } from '../../src/util/secret-file.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { residentBytes } from '../support/memory.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { Onlooker, uncrowded } from '../support/terminal-stage.ts'
import { waitFor } from '../support/wait-for.ts'

const test = requireOrSkip('tmux', hasProgram('tmux'))
const up = { waitSeconds: 20 }
const megabyte = 1024 * 1024

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon({ isLeftClean: true, config: uncrowded })
})
afterAll(async () => {
  await using ended = daemon
  for (const { name } of await ended.client.list({ all: true })) {
    await ended.client.remove(name, { force: true, ...up })
  }
})

/** An agent whose program is a shell that shows a short prompt. */
async function runShell(name: string, script?: string): Promise<void> {
  const program: [string, ...string[]] = script
    ? ['/bin/sh', '-c', script]
    : ['/bin/bash', '--norc', '--noprofile']
  const env = { PS1: '$ ' }
  const graceMs = 200
  const request = { template: 'command', name, runtime: 'tmux', program, env, graceMs }
  await daemon.client.run(request, up)
}

test('what two people type at a shell both see, as the shell shows it', async () => {
  await runShell('shared')
  await using first = await Onlooker.come(daemon.client, 'shared')
  await using second = await Onlooker.come(daemon.client, 'shared')
  await first.told('screen')
  first.stream.write('echo hi-$((40+2))\r')
  await Promise.all([first, second].map((each) => each.sees('hi-42')))
  second.stream.write('echo äöü-漢字-$((1+1))\r')
  await Promise.all([first, second].map((each) => each.sees('äöü-漢字-2')))
})

test('what stands on a terminal can be read as text, while its program is up', async () => {
  await runShell('read')
  {
    await using person = await Onlooker.come(daemon.client, 'read')
    await person.told('screen')
    person.stream.write(String.raw`printf '\033[31mröt\033[m-%d\n' $((1+1))` + '\r')
    await person.sees('-2')
  }
  await waitFor('the text', async () =>
    /\nröt-2\n\$ ?\n$/.test((await daemon.client.screen('read')).text),
  )
  await daemon.client.sleep('read', up)
  await expect(daemon.client.screen('read')).rejects.toMatchObject({ code: 'terminal_gone' })
  expect((await daemon.client.show('read')).status).toBe('asleep')
  await daemon.client.run({ template: 'hello', name: 'plain' }, up)
  await expect(daemon.client.screen('plain')).rejects.toMatchObject({ code: 'no_terminal' })
})

test('who may look only types nothing into the shell', async () => {
  await runShell('looked-at')
  await using onlooker = await Onlooker.come(daemon.client, 'looked-at', { isReadOnly: true })
  await onlooker.told('screen')
  onlooker.stream.write('echo forbidden\r')
  await using person = await Onlooker.come(daemon.client, 'looked-at')
  await person.told('screen')
  person.stream.write('echo allowed-$((1+1))\r')
  await onlooker.sees('allowed-2')
  expect(onlooker.text).not.toContain('forbidden')
})

test('a program has the size of who looks at it, and is told of another', async () => {
  await runShell('sized', "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done")
  await waitFor('the trap to be set', async () =>
    (await daemon.client.screen('sized')).text.includes('ready'),
  )
  await using person = await Onlooker.come(daemon.client, 'sized', { size: { cols: 97, rows: 31 } })
  await person.sees('31 97')
  person.stream.resize({ cols: 200, rows: 50 })
  await person.sees('50 200')
  expect(await person.told('resized')).toMatchObject({ size: { cols: 200, rows: 50 } })
})

test('a daemon that is killed is told; who is back sees what stands there and types on', async () => {
  await runShell('surviving')
  const person = await Onlooker.come(daemon.client, 'surviving')
  await person.told('screen')
  person.stream.write('X=kept; echo before-$((1+1))\r')
  await person.sees('before-2')
  await daemon.restart()
  expect(await person.over).toMatchObject({ code: 'daemon_unreachable' })
  await using back = await Onlooker.come(daemon.client, 'surviving', { isBack: true })
  await back.sees('before-2')
  back.stream.write('echo $X-$((2+2))\r')
  await back.sees('kept-4')
})

const line = `${'0123456789'.repeat(8).slice(1)}\n`
const burst = (bytes: number): string =>
  `stty -echo; printf 'ready\\n'; read -r _; yes ${line.trim()} | head -c ${bytes}; printf 'end\\n'; read -r _`

test('a burst of 49 MB comes whole to one who deals with it', async () => {
  const bytes = 49_000_000 - (49_000_000 % line.length)
  await runShell('burst', burst(bytes))
  const stream = await daemon.client.openTerminal('burst', { size: { cols: 80, rows: 24 } })
  const hash = createHash('sha256')
  const wanted = createHash('sha256')
  let [count, screens, rest, isReady] = [0, 0, '', false]
  for await (const event of stream) {
    screens += event.type === 'screen' ? 1 : 0
    if (!('bytes' in event)) {
      continue
    }
    rest = (rest + Buffer.from(event.bytes.subarray(-99)).toString()).slice(-99)
    if (isReady) {
      count += event.bytes.length
      hash.update(event.bytes)
    } else if (rest.includes('ready')) {
      isReady = true
      stream.write('\r')
    }
    if (rest.endsWith('end\r\n')) {
      break
    }
  }
  const sent = line.replace('\n', '\r\n')
  for (let left = bytes / line.length; left > 0; left--) {
    wanted.update(sent)
  }
  wanted.update('end\r\n')
  expect({ count, screens }).toEqual({ count: (bytes / line.length) * sent.length + 5, screens: 1 })
  expect(hash.digest('hex')).toBe(wanted.digest('hex'))
})

test('one who deals with nothing takes a bounded part of the memory, and the others go on', async () => {
  const bytes = 20_000_000
  await runShell('flooded', burst(bytes))
  const token = readSecret(daemon.home.tokenFile)
  using slow = await RawSocket.open(`${daemon.status.url}/v1/agents/flooded/terminal`, {
    headers: { authorization: `Bearer ${token}` },
    isKept: false,
  })
  await slow.told('screen')
  await using other = await Onlooker.come(daemon.client, 'flooded')
  await other.sees('ready')
  const before = residentBytes(daemon.pid)
  other.stream.write('\r')
  await waitFor('all of it to come to the other', () => other.bytes > bytes, 50_000)
  await other.sees('end')
  expect(slow.bytes).toBeLessThan(limits.terminal.unacknowledgedBytes + megabyte)
  expect(residentBytes(daemon.pid) - before).toBeLessThan(100 * megabyte)
})
