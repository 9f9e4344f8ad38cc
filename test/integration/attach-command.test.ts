import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Event } from '../../src/schema/event.ts'
import { problemOf, runDrover, type CliResult } from '../support/cli.ts'
import { mainFile, startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { waitFor } from '../support/wait-for.ts'

const hello = { template: 'hello' }
const cat = { template: 'command', program: ['/bin/cat'] }
const up = { waitSeconds: 20 }

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon({ isLeftClean: true })
})
afterAll(async () => {
  await using ended = daemon
  for (const { name } of await ended.client.list({ all: true })) {
    await ended.client.remove(name, { force: true, ...up })
  }
})

async function attach(args: readonly string[], input: string | Uint8Array): Promise<CliResult> {
  return await runDrover(['attach', ...args], { env: daemon.env, input })
}

/** `drover attach` with an input that stays open. */
function startAttach(args: readonly string[], of = daemon) {
  const child = spawn(process.execPath, [mainFile, 'attach', ...args], {
    env: of.env,
    cwd: of.home.folder,
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  return {
    exited,
    write: (text: string) => child.stdin.write(text),
    end: () => child.stdin.end(),
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    printed: () => stdout,
    noted: () => stderr,
  }
}

const attached = async (name: string, of = daemon): Promise<number> =>
  (await of.client.show(name)).attached

test('each line of the input is a message, each reply is printed in order, and it ends with the last', async () => {
  await daemon.client.run({ ...hello, name: 'lines' }, up)
  const { code, stdout, stderr } = await attach(['lines'], 'Hello\r\n\nWho are you?\nlast 漢字')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines.map((line) => /message \d/.exec(line)?.[0])).toEqual([
    'message 1',
    'message 2',
    'message 3',
  ])
  expect(lines[2]).toContain('You said: last 漢字')
  expect((await daemon.client.messages('lines')).map(({ body }) => body)).toEqual([
    'Hello',
    'Who are you?',
    'last 漢字',
  ])
  expect(await attached('lines')).toBe(0)
})

test('an input of many lines is answered whole and in order', async () => {
  await daemon.client.run({ ...cat, name: 'many' }, up)
  const lines = [...Array(250).keys()].map((number) => `line ${number}`)
  const { code } = await attach(['many', '--json'], lines.join('\n'))
  expect(code).toBe(0)
  const messages = await daemon.client.messages('many', { limit: 1000 })
  expect(messages.map(({ body, state }) => [body, state])).toEqual(
    lines.map((line) => [line, 'done']),
  )
})

test('with --json events are printed, up to the end of the last message', async () => {
  await daemon.client.run({ ...hello, name: 'told', prompt: 'Hello' }, up)
  await daemon.client.sleep('told', up)
  const { code, stdout, stderr } = await attach(['told', '--json'], 'Who are you?\n')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
  const says = (type: string, data: Event['data']): boolean =>
    events.some(
      (event) => event.type === type && expect.objectContaining(data).asymmetricMatch(event.data),
    )
  expect(says('run.starting', { isResumed: true })).toBe(true)
  expect(says('agent.attached', { attached: 1 })).toBe(true)
  expect(says('message.state', { state: 'done' })).toBe(true)
  expect(events.some(({ type }) => type === 'agent.created')).toBe(false)
})

test('an empty input wakes the agent and leaves it', async () => {
  await daemon.client.run({ ...hello, name: 'nudged', prompt: 'Hello' }, up)
  await daemon.client.sleep('nudged', up)
  expect(await attach(['nudged'], '')).toEqual({ code: 0, stdout: '', stderr: '' })
  await waitFor('it to be up', async () => (await daemon.client.show('nudged')).status === 'idle')
})

test.for<[string, number, string, (name: string) => Promise<unknown>]>([
  ['stopped', 4, 'agent_stopped', (name) => daemon.client.stop(name, up)],
  ['absent', 3, 'agent_not_found', (name) => daemon.client.remove(name, { force: true, ...up })],
])('a %s agent is an error with exit code %i', async ([kind, exit, code, prepare]) => {
  const name = `held-${kind}`
  await daemon.client.run({ ...hello, name }, up)
  await prepare(name)
  const result = await attach([name, '--json'], 'Hello\n')
  expect(result).toMatchObject({ code: exit, stdout: '' })
  expect(problemOf(result)).toMatchObject({ code })
})

test('a daemon that is not there is an error with exit code 5', async () => {
  const { code, stderr } = await runDrover(['attach', 'anyone'], {
    env: { ...daemon.env, DROVER_HOME: '/tmp/drover-no-such-home' },
    cwd: '/',
    input: '',
  })
  expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 5, lines: 1 })
})

test('a reply that does not come in time is an error with exit code 6; the message goes on', async () => {
  const program = ['/bin/sh', '-c', 'while read -r line; do sleep 1; echo "$line"; done']
  await daemon.client.run({ ...cat, program, name: 'late' }, up)
  const { code, stderr } = await attach(['late', '--timeout', '0'], 'Hello\n')
  expect(code).toBe(6)
  expect(stderr).toContain('is still')
  const [message] = await daemon.client.messages('late')
  expect(await daemon.client.message(message?.id ?? '', up)).toMatchObject({ state: 'done' })
})

test('a message that fails is told, others go on, and the exit code is 1', async () => {
  const program = ['/bin/sh', '-c', 'read -r line; exit 3']
  await daemon.client.run({ ...cat, program, name: 'failing' }, up)
  const { code, stdout, stderr } = await attach(['failing'], 'Hello\n')
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^drover: the message is failed: .*exit code 3/)
})

test.for<[string, string | Uint8Array, string]>([
  ['not UTF-8', Uint8Array.of(0xff, 0x0a), 'not valid UTF-8'],
  ['a line with NUL', 'a\0b\n', 'contains NUL'],
  ['a line that is too long', `${'x'.repeat(1024 * 1024 + 1)}\n`, 'larger than'],
])('an input that is %s is an error with exit code 2', async ([kind, input, said]) => {
  const name = kind.replaceAll(' ', '-')
  await daemon.client.run({ ...cat, name }, up)
  const { code, stderr } = await attach([name], input)
  expect(code).toBe(2)
  expect(stderr).toContain(said)
  expect(await daemon.client.messages(name)).toEqual([])
})

test('Ctrl-C leaves, says so, and the agent goes on', async () => {
  const { run } = await daemon.client.run({ ...hello, name: 'left' }, up)
  const person = startAttach(['left'])
  await waitFor('them to be there', async () => (await attached('left')) === 1)
  person.kill('SIGINT')
  expect(await person.exited).toBe(130)
  expect(person.noted()).toBe('drover: left; left goes on.\n')
  await waitFor('them to be gone', async () => (await attached('left')) === 0)
  expect(await daemon.client.show('left')).toMatchObject({ status: 'idle', run })
})

test('a client that is killed is counted no more', async () => {
  await daemon.client.run({ ...hello, name: 'killed' }, up)
  const person = startAttach(['killed'])
  await waitFor('them to be there', async () => (await attached('killed')) === 1)
  person.kill('SIGKILL')
  await person.exited
  await waitFor('them to be gone', async () => (await attached('killed')) === 0)
})

test('an agent that is removed ends the conversation, though the input is open', async () => {
  await daemon.client.run({ ...hello, name: 'gone' }, up)
  const person = startAttach(['gone'])
  await waitFor('them to be there', async () => (await attached('gone')) === 1)
  await daemon.client.remove('gone', { force: true, ...up })
  expect(await person.exited).toBe(3)
  expect(person.noted()).toContain('gone was removed')
})

test('an agent that is stopped in between refuses the next line', async () => {
  await daemon.client.run({ ...hello, name: 'halted' }, up)
  const person = startAttach(['halted'])
  person.write('Hello\n')
  await waitFor('the first reply', () => person.printed().includes('message 1'))
  await daemon.client.stop('halted', up)
  person.write('Hello again\n')
  expect(await person.exited).toBe(4)
  expect(person.noted()).toContain('the agent is stopped')
})

test('a daemon that is killed in between loses no line and no reply', async () => {
  await using own = await startTestDaemon({ isLeftClean: true })
  await own.client.run({ ...hello, name: 'survivor' }, up)
  const person = startAttach(['survivor'], own)
  person.write('Hello\n')
  await waitFor('the first reply', () => person.printed().includes('message 1'))
  await own.kill()
  person.write('Are you still there?\n')
  await waitFor('them to see it', () => person.noted().includes('the daemon went away'))
  await own.start()
  await waitFor('the second reply', () => person.printed().includes('message 2'))
  await waitFor('them to be counted', async () => (await attached('survivor', own)) === 1)
  person.write('Good')
  person.end()
  expect(await person.exited).toBe(0)
  expect(person.printed().match(/message \d/g)).toEqual(['message 1', 'message 2', 'message 3'])
  expect((await own.client.messages('survivor')).map(({ body }) => body)).toEqual([
    'Hello',
    'Are you still there?',
    'Good',
  ])
  await own.client.remove('survivor', { force: true, ...up })
})
