import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const up = { waitSeconds: 30 }

/** A daemon whose chat agents talk to a scripted model, and what that was told as the system prompt. */
async function startWithModel(config: Record<string, unknown> = {}): Promise<
  AsyncDisposable & {
    daemon: TestDaemon
    told: () => string
  }
> {
  const model = await startModelServer()
  const openai = { url: `${model.url}/v1`, model: 'scripted' }
  const upstreams = { ollama: { url: 'http://127.0.0.1:9' }, openai }
  const daemon = await startTestDaemon({ config: { gateway: { upstreams }, ...config } })
  return {
    daemon,
    told: () => {
      const body = model.requests.at(-1)?.body as { messages: { role: string; content: string }[] }
      return body.messages.find(({ role }) => role === 'system')?.content ?? ''
    },
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]()
      await model[Symbol.asyncDispose]()
    },
  }
}

test('an agent is told all layers in order, at each start anew, and people see them', async () => {
  await using stage = await startWithModel({ prompt: { documents: ['glossary.md'] } })
  const { daemon, told } = stage
  const { client, home } = daemon
  using folder = temporaryFolder()
  mkdirSync(path.join(folder.path, '.drover'))
  writeFileSync(path.join(folder.path, '.drover', 'doctrine.md'), 'Run the tests first.\n')
  writeFileSync(home.doctrineFile, 'Be kind.\n')
  writeFileSync(path.join(home.folder, 'glossary.md'), 'A run is one bring-up.')
  await client.run({
    template: 'command',
    name: 'counter',
    program: ['/bin/cat'],
    label: 'counts lines',
    capabilities: ['counting'],
  })
  await client.run(
    {
      template: 'chat',
      name: 'guide',
      dir: folder.path,
      persona: 'You are patient.',
      promptAppend: 'Answer in German.',
      prompt: 'hello',
    },
    up,
  )
  const parts = [
    'You are guide, an agent run by Drover.',
    `You work in ${folder.path}.`,
    'Be kind.',
    'Run the tests first.',
    '- counter: counts lines (counting)',
    'A run is one bring-up.',
    'You are patient.',
    'Answer in German.',
  ]
  const places = parts.map((part) => told().indexOf(part, told().indexOf('# Where you are')))
  expect(places).toEqual(places.toSorted((one, other) => one - other))
  expect(places).not.toContain(-1)

  const report = await client.prompt('guide')
  expect(report.layers.map(({ name }) => name)).toEqual([
    'machine',
    'doctrine',
    'folder',
    'peers',
    'document',
    'persona',
    'append',
  ])
  expect(report).toMatchObject({ isLive: true, running: report.text })
  expect(told()).toContain(report.text)
  const { id } = await client.show('guide')
  const file = path.join(home.agentsFolder, id, 'state', 'prompt.md')
  expect(readFileSync(file, 'utf8')).toBe(report.text)
  expect(statSync(file).mode & 0o777).toBe(0o600)

  writeFileSync(home.doctrineFile, 'Be brief.\n')
  const changed = await client.prompt('guide')
  expect(changed.text).toContain('Be brief.')
  expect(changed.running).toContain('Be kind.')
  await client.sleep('guide', up)
  await client.send('guide', { body: 'again' }, up)
  expect(told()).toContain('Be brief.')
  expect(told()).not.toContain('Be kind.')
})

test('an agent that is given another persona while it runs is told all layers with it', async () => {
  await using stage = await startWithModel()
  const { daemon, told } = stage
  const { client, home } = daemon
  writeFileSync(home.doctrineFile, 'Be kind.\n')
  await client.run({ template: 'chat', name: 'a', persona: 'You bark.', prompt: 'hello' }, up)
  expect(await client.reload('a', { persona: 'You purr.' })).toMatchObject({ when: 'now' })
  await client.send('a', { body: 'again' }, up)
  expect(told()).toContain('You purr.')
  expect(told()).toContain('Be kind.')
  expect(told()).not.toContain('You bark.')
  const { text, running } = await client.prompt('a')
  expect(running).toBe(text)
  writeFileSync(home.doctrineFile, Buffer.from([0xff]))
  await expect(client.reload('a', { persona: 'You hiss.' })).rejects.toMatchObject({
    code: 'invalid_prompt',
  })
  expect((await client.show('a')).spec.persona).toBe('You purr.')
})

test('an agent without doctrine and persona starts bare, and so does one that was asked to', async () => {
  await using stage = await startWithModel()
  const { daemon, told } = stage
  const { client, home } = daemon
  await client.run({ template: 'chat', name: 'plain', prompt: 'hello' }, up)
  expect(await client.prompt('plain')).toEqual({
    text: null,
    layers: [],
    isLive: true,
    running: null,
  })
  writeFileSync(home.doctrineFile, 'Be kind.\n')
  await client.run(
    { template: 'chat', name: 'bare', bare: true, persona: 'You bark.', prompt: 'hello' },
    up,
  )
  expect(await client.prompt('bare')).toMatchObject({ text: 'You bark.' })
  expect(told()).not.toContain('Be kind.')
  expect(told()).not.toContain('# Where you are')
  await client.run({ template: 'command', name: 'shell', program: ['/bin/cat'] }, up)
  expect(await client.prompt('shell')).toMatchObject({ text: null, layers: [] })
})

describe('a file of the prompt', () => {
  const cases: [string, (home: string, folder: string) => void, RegExp][] = [
    [
      'that is too large',
      (home) => writeFileSync(path.join(home, 'doctrine.md'), 'x'.repeat(256 * 1024 + 1)),
      /^doctrine: .*doctrine\.md is larger than 256 KiB\.$/,
    ],
    [
      'that is no text',
      (home) => writeFileSync(path.join(home, 'doctrine.md'), Buffer.from([0xff, 0xfe])),
      /^doctrine: .*is no UTF-8 text\.$/,
    ],
    [
      'that is a folder',
      (home) => mkdirSync(path.join(home, 'doctrine.md')),
      /^doctrine: .*is no file\.$/,
    ],
    [
      'that is a pipe nobody writes to',
      (home) => execFileSync('mkfifo', [path.join(home, 'doctrine.md')]),
      /^doctrine: .*is no file\.$/,
    ],
    [
      'of a folder that leads out of it',
      (home, folder) => {
        mkdirSync(path.join(folder, '.drover'))
        symlinkSync(path.join(home, 'token'), path.join(folder, '.drover', 'doctrine.md'))
      },
      /^doctrine of the folder: .*leads out of the folder\.$/,
    ],
  ]
  test.for(cases)(
    '%s is an error that names it, and nothing is made',
    async ([, spoil, message]) => {
      using folder = temporaryFolder()
      await using daemon = await startTestDaemon()
      const request: RunRequestInput = { template: 'chat', name: 'a', dir: folder.path }
      spoil(daemon.home.folder, folder.path)
      await expect(daemon.client.run(request)).rejects.toMatchObject({
        code: 'invalid_prompt',
        message: expect.stringMatching(message) as string,
      })
      expect(await daemon.client.list({ all: true })).toEqual([])
      expect(await daemon.client.run({ ...request, bare: true }, up)).toMatchObject({ name: 'a' })
    },
  )

  test('that config lists and that is not there is named by its place in config', async () => {
    await using daemon = await startTestDaemon({ config: { prompt: { documents: ['none.md'] } } })
    await expect(daemon.client.run({ template: 'chat' })).rejects.toMatchObject({
      code: 'invalid_prompt',
      message: expect.stringMatching(
        /^config\.prompt\.documents\.0: .*none\.md does not exist\.$/,
      ) as string,
    })
  })

  test('that goes bad later keeps the agent from starting, and the cause says why', async () => {
    await using stage = await startWithModel()
    const { client, home } = stage.daemon
    await client.run({ template: 'chat', name: 'a', prompt: 'hello' }, up)
    await client.sleep('a', up)
    mkdirSync(home.doctrineFile)
    const message = await client.send('a', { body: 'again' }, up)
    expect(message.state).not.toBe('done')
    expect((await client.show('a')).cause).toContain('doctrine.md is no file')
  })
})
