import { describe, expect, test } from 'vitest'
import { AgentSpec } from '../../schema/agent.ts'
import type { LaunchRequest } from '../contract.ts'
import type { ChatConfig } from './chat-config.ts'
import { chatProvider } from './index.ts'
import { toolNames } from './tool-definitions.ts'

function request(
  options: Record<string, unknown>,
  fields: Partial<LaunchRequest> = {},
): LaunchRequest {
  return {
    agent: { id: 'agt_1', name: 'rex' },
    spec: AgentSpec.parse({ provider: 'chat', runtime: 'process', dir: '/home/ada', options }),
    env: {},
    programPath: null,
    upstreams: { openai: { url: 'http://127.0.0.1:2', keyFile: '/keys/openai', model: 'gpt' } },
    signal: AbortSignal.timeout(1000),
    resume: null,
    newSession: 'ses_1',
    isFork: false,
    systemPrompt: null,
    stateFolder: '/state',
    runFolder: '/run',
    ...fields,
  }
}

async function configOf(
  options: Record<string, unknown>,
  fields: Partial<LaunchRequest> = {},
): Promise<ChatConfig> {
  const { files } = await chatProvider.launch(request(options, fields))
  return JSON.parse(files[0]?.content ?? '') as ChatConfig
}

describe('launching the chat provider', () => {
  test('gives everything by file: argv is the program and its config', async () => {
    const { argv, files } = await chatProvider.launch(request({}))
    expect(argv).toEqual([
      process.execPath,
      expect.stringMatching(/chat\/program\.ts$/),
      '/state/chat.json',
    ])
    expect(files.map(({ path }) => path)).toEqual(['/state/chat.json'])
  })

  test('begins a session under the new id, or resumes the given one', async () => {
    expect((await configOf({})).session).toEqual({
      id: 'ses_1',
      file: '/state/sessions/ses_1.jsonl',
      isResumed: false,
    })
    expect((await configOf({}, { resume: 'ses_0' })).session).toMatchObject({
      id: 'ses_0',
      isResumed: true,
    })
    await expect(configOf({}, { resume: '../x' })).rejects.toMatchObject({
      code: 'invalid_request',
      details: { field: 'session' },
    })
  })

  test('keeps memory in its own state, or in a file inside the folder', async () => {
    expect((await configOf({})).memory).toEqual({ file: '/state/MEMORY.md', isInFolder: false })
    expect((await configOf({ memory: 'notes/M.md' })).memory).toEqual({
      file: '/home/ada/notes/M.md',
      isInFolder: true,
    })
    for (const memory of ['../M.md', '/etc/passwd', '.']) {
      await expect(configOf({ memory })).rejects.toMatchObject({
        details: { field: 'options.memory' },
      })
    }
  })

  test('never sends a configured key to an address of the agent', async () => {
    const { model } = await configOf({ url: 'http://127.0.0.1:9' })
    expect(model).toMatchObject({ endpoint: 'openai', openai: { url: 'http://127.0.0.1:9' } })
    expect(model.openai).not.toHaveProperty('keyFile')
    const ollama = await configOf({ endpoint: 'ollama', url: 'http://127.0.0.1:9' })
    expect(ollama.model.ollama).toEqual({ url: 'http://127.0.0.1:9' })
  })

  test('gives all tools, none, or those named', async () => {
    expect((await configOf({})).tools).toEqual(toolNames)
    expect((await configOf({ tools: false })).tools).toEqual([])
    expect((await configOf({ tools: ['remember'] })).tools).toEqual(['remember'])
    const denied = await configOf({
      tools: ['remember', 'run_command'],
      denyTools: ['run_command'],
    })
    expect(denied).toMatchObject({ tools: ['remember'], askedTools: [] })
  })

  test('asks before it runs programs, or before what is named', async () => {
    expect((await configOf({})).askedTools).toEqual(['run_command'])
    expect((await configOf({ askTools: false })).askedTools).toEqual([])
    expect((await configOf({ askTools: true })).askedTools).toEqual(toolNames)
    expect((await configOf({ askTools: ['write_file'] })).askedTools).toEqual(['write_file'])
  })

  test('asks nobody where no tool is left to ask about', () => {
    const asks = (options: Record<string, unknown>) =>
      chatProvider.capabilitiesWith?.(options).approvals
    expect(asks({})).toBe(true)
    expect(asks({ askTools: false })).toBe(false)
    expect(asks({ tools: ['remember'] })).toBe(false)
    expect(asks({ tools: ['remember'], askTools: true })).toBe(true)
    expect(asks({ noSuchOption: 1 })).toBe(true)
  })

  test('is told of itself what the request says, its persona in it', async () => {
    expect(await configOf({}, { systemPrompt: 'All of it.' })).toMatchObject({
      persona: null,
      systemPrompt: 'All of it.',
    })
  })

  test.each([
    [{ tools: ['fly'] }, 'options.tools'],
    [{ denyTools: ['fly'] }, 'options.denyTools.0'],
    [{ askTools: ['fly'] }, 'options.askTools'],
    [{ endpoint: 'nowhere' }, 'options.endpoint'],
    [{ url: 'ftp://x' }, 'options.url'],
    [{ keyFile: '/k' }, 'options.keyFile'],
    [{ url: 'http://x', keyFile: 'k' }, 'options.keyFile'],
    [{ endpoint: 'practice', url: 'http://x' }, 'options.url'],
    [{ maxToolRounds: 0 }, 'options.maxToolRounds'],
  ])('refuses %j by naming %s', async (options, field) => {
    await expect(configOf(options)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { field },
    })
  })
})
