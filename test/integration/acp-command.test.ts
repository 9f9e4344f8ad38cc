import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import {
  client as acpClient,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  type ClientContext,
  type RequestPermissionResponse,
  type SessionUpdate,
} from '@agentclientprotocol/sdk'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { problemOf, runDrover } from '../support/cli.ts'
import { mainFile, startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { waitFor } from '../support/wait-for.ts'

vi.setConfig({ testTimeout: 60_000 })

const agentFile = fileURLToPath(new URL('../fixtures/acp-agent.mjs', import.meta.url))

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon({ isLeftClean: true })
})
afterAll(async () => {
  await using ended = daemon
  for (const { name } of await ended.client.list({ all: true })) {
    await ended.client.remove(name, { force: true, waitSeconds: 20 })
  }
})

/** An agent whose program is the fixture; returns its id, which is the editor's session. */
async function makeAgent(name: string): Promise<{ id: string; dir: string }> {
  const sessions = path.join(daemon.home.folder, 'sessions', name)
  return await daemon.client.run({
    template: 'acp',
    name,
    program: [process.execPath, agentFile, sessions],
  })
}

interface Editor {
  agent: ClientContext
  updates: SessionUpdate[]
  /** What the person at the editor says to the next question; unset: they think. */
  answer: RequestPermissionResponse | null
  asked: string[]
  withdrawn: number
  text(): string
  close(): Promise<number | null>
}

/** An editor made with the official SDK, with `drover acp NAME` for its agent. */
function openEditor(name: string, args: readonly string[] = []): Editor {
  const child = spawn(process.execPath, [mainFile, 'acp', name, ...args], {
    env: daemon.env,
    cwd: daemon.home.folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const editor: Editor = {
    agent: undefined as unknown as ClientContext,
    updates: [],
    answer: null,
    asked: [],
    withdrawn: 0,
    text: () =>
      editor.updates
        .map((update) =>
          update.sessionUpdate === 'agent_message_chunk' && update.content.type === 'text'
            ? update.content.text
            : '',
        )
        .join(''),
    close: async () => {
      child.stdin.end()
      return await exited
    },
  }
  const app = acpClient({ name: 'editor' })
    .onNotification(methods.client.session.update, ({ params }) => {
      editor.updates.push(params.update)
    })
    .onRequest(methods.client.session.requestPermission, async ({ params, signal }) => {
      editor.asked.push(String(params.toolCall.title))
      signal.addEventListener('abort', () => editor.withdrawn++)
      if (editor.answer) {
        return editor.answer
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { outcome: { outcome: 'cancelled' } }
    })
  const stream = ndJsonStream(
    Writable.toWeb(child.stdin),
    Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>,
  )
  editor.agent = app.connect(stream).agent
  return editor
}

async function greet({ agent }: Editor): Promise<void> {
  const answer = await agent.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: {},
  })
  expect(answer).toMatchObject({ agentInfo: { name: 'drover' }, protocolVersion: 1 })
}

const prompt = ({ agent }: Editor, sessionId: string, text: string) =>
  agent.request(methods.agent.session.prompt, { sessionId, prompt: [{ type: 'text', text }] })
const selected = (optionId: string): RequestPermissionResponse => ({
  outcome: { outcome: 'selected', optionId },
})

describe('an editor that talks to a managed agent', () => {
  test('has its prompts answered, in the agent’s own session, and leaves it alive', async () => {
    const { id, dir } = await makeAgent('plain')
    const editor = openEditor('plain')
    await greet(editor)
    const session = await editor.agent.request(methods.agent.session.new, {
      cwd: dir,
      mcpServers: [],
    })
    expect(session.sessionId).toBe(id)
    expect((await daemon.client.show('plain')).attached).toBe(1)
    expect(await prompt(editor, id, 'hello')).toEqual({ stopReason: 'end_turn' })
    expect(editor.text()).toBe('echo: hello')
    expect(await prompt(editor, id, '[[think]][[say:done]]')).toEqual({ stopReason: 'end_turn' })
    expect(editor.updates.map(({ sessionUpdate }) => sessionUpdate)).toContain(
      'agent_thought_chunk',
    )
    expect(await editor.close()).toBe(0)
    await waitFor('it to be left', async () => (await daemon.client.show('plain')).attached === 0)
    expect(await daemon.client.show('plain')).toMatchObject({ status: 'idle', turns: 2 })
  })

  test('sees nothing of what others say to the agent', async () => {
    const { id, dir } = await makeAgent('shared')
    const editor = openEditor('shared')
    await greet(editor)
    await editor.agent.request(methods.agent.session.new, { cwd: dir, mcpServers: [] })
    await daemon.client.send('shared', { id: 'other', body: '[[slow:5]]' })
    expect(await prompt(editor, id, 'mine')).toEqual({ stopReason: 'end_turn' })
    expect(editor.text()).toBe('echo: mine')
    await editor.close()
  })

  test('answers its questions: allowed, denied, or answered by somebody else', async () => {
    const { id, dir } = await makeAgent('asking')
    const editor = openEditor('asking')
    await greet(editor)
    await editor.agent.request(methods.agent.session.new, { cwd: dir, mcpServers: [] })
    const ask = async (name: string): Promise<boolean> => {
      const file = path.join(dir, name)
      expect(await prompt(editor, id, `[[ask:${file}]]`)).toEqual({ stopReason: 'end_turn' })
      return existsSync(file)
    }
    editor.answer = selected('allow')
    expect(await ask('allowed')).toBe(true)
    editor.answer = selected('deny')
    expect(await ask('denied')).toBe(false)
    editor.answer = null
    const waiting = ask('elsewhere')
    await waitFor('the editor to be asked', async () => editor.asked.length === 3)
    const [open] = await daemon.client.approvals.list({ agent: 'asking', state: 'open' })
    await daemon.client.approvals.approve(open?.id ?? '')
    expect(await waiting).toBe(true)
    expect(editor.withdrawn).toBe(1)
    expect(editor.asked[0]).toContain('allowed')
    const calls = editor.updates.filter(({ sessionUpdate }) => sessionUpdate === 'tool_call')
    expect(calls).toHaveLength(3)
    await editor.close()
  })

  test('ends a turn that it cancels, and goes on', async () => {
    const { id, dir } = await makeAgent('long')
    const editor = openEditor('long')
    await greet(editor)
    await editor.agent.request(methods.agent.session.new, { cwd: dir, mcpServers: [] })
    const answer = prompt(editor, id, '[[slow:300]]')
    await waitFor('it to speak', async () => editor.text().includes('tick1'))
    await editor.agent.notify(methods.agent.session.cancel, { sessionId: id })
    expect(await answer).toEqual({ stopReason: 'cancelled' })
    expect(await prompt(editor, id, 'next')).toEqual({ stopReason: 'end_turn' })
    await editor.close()
  })

  test('has the past told again when it loads, goes on when it resumes, begins anew when it should', async () => {
    const { id, dir } = await makeAgent('past')
    await daemon.client.send('past', { id: 'p1', body: 'before' })
    await daemon.client.message('p1', { waitSeconds: 20 })
    const place = { sessionId: id, cwd: dir, mcpServers: [] }
    const loading = openEditor('past')
    await greet(loading)
    await loading.agent.request(methods.agent.session.load, place)
    expect(loading.text()).toBe('echo: before')
    await loading.close()
    const resuming = openEditor('past')
    await greet(resuming)
    await resuming.agent.request(methods.agent.session.resume, place)
    await prompt(resuming, id, '[[know]]')
    expect(resuming.text()).toContain('"said":["before"]')
    await resuming.close()
    const fresh = openEditor('past', ['--fresh'])
    await greet(fresh)
    await fresh.agent.request(methods.agent.session.new, { cwd: dir, mcpServers: [] })
    await prompt(fresh, id, '[[know]]')
    expect(fresh.text()).toContain('"said":[]')
    await fresh.close()
  })

  test('is told of failures in the agent’s own words, and of sessions that are not there', async () => {
    const { id, dir } = await makeAgent('failing')
    const editor = openEditor('failing')
    await greet(editor)
    await expect(prompt(editor, id, 'too early')).rejects.toThrow('there is no session')
    await editor.agent.request(methods.agent.session.new, { cwd: dir, mcpServers: [] })
    await expect(prompt(editor, id, '[[fail:out of paper]]')).rejects.toThrow('out of paper')
    await expect(prompt(editor, 'other', 'x')).rejects.toThrow('there is no session other')
    expect(await prompt(editor, id, 'next')).toEqual({ stopReason: 'end_turn' })
    await editor.close()
  })
})

test('an agent that is not there is an error before a word of the protocol', async () => {
  const result = await runDrover(['acp', 'nobody', '--json'], { env: daemon.env, input: '' })
  expect(result).toMatchObject({ code: 3, stdout: '' })
  expect(problemOf(result)).toMatchObject({ code: 'agent_not_found' })
})
