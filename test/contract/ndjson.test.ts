import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Provider, ProviderEvent } from '../../src/providers/contract.ts'
import { ndjsonProvider } from '../../src/providers/ndjson/index.ts'
import { AgentSpec } from '../../src/schema/agent.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { describeProvider } from './describe-provider.ts'
import { driveProgram } from './drive-program.ts'

const example = (file: string) =>
  path.join(import.meta.dirname, '..', '..', 'examples', 'runners', file)

/** The whole protocol, by a program that says it can all of it. */
describeProvider('ndjson with a program that can all', async () => {
  const folder = createTemporaryFolder('drover-whole-')
  const settings = path.join(folder, 'settings')
  return {
    provider: ndjsonProvider,
    spec: {
      program: [process.execPath, path.join(import.meta.dirname, '../fixtures/whole-runner.mjs')],
    },
    env: { SETTINGS_FILE: settings },
    isAccepting: true,
    turns: [
      { body: 'hello', reply: /^\d: hello$/ },
      { body: 'and "again"\n', reply: /^2: and "again"\n$/ },
    ],
    afterResume: { body: 'still there?', reply: /^3: still there\?$/ },
    asking: { spec: {}, body: (file) => `make ${file}` },
    longTurn: 'slow',
    waitingTurn: (file) => `wait ${file}`,
    reloading: {
      change: { model: 'big', persona: 'kind', trigger: 'hello' },
      isSeen: () =>
        readFileSync(settings, 'utf8') ===
        '{"type":"set_model","model":"big"}\n{"type":"set_persona","persona":"kind"}\n{"type":"set_trigger","trigger":"hello"}\n',
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
})

/** The examples that keep a conversation, and say that they can no more than that. */
const echoes = [
  { language: 'Python', program: ['python3', example('echo.py')] },
  { language: 'sh', program: ['sh', example('echo.sh')] },
] as const

const resuming: Provider = {
  ...ndjsonProvider,
  capabilities: {
    ...ndjsonProvider.capabilities,
    approvals: false,
    interrupt: false,
    steer: false,
    reload: [],
  },
}

for (const { language, program } of echoes) {
  if (requireOrSkip(program[0], hasProgram(program[0])) === test) {
    describeProvider(`ndjson with the example in ${language}`, async () => ({
      provider: resuming,
      spec: { program: [...program] },
      isAccepting: true,
      isUnmeasured: true,
      turns: [
        { body: 'hello', reply: /^\d: hello$/ },
        {
          body: 'a "quoted" \\ one,\nin two lines: ü 🐎',
          reply: /^2: a "quoted" \\ one,\nin two lines: ü 🐎$/,
        },
      ],
      afterResume: { body: 'still there?', reply: /^3: still there\?$/ },
    }))
  } else {
    describe.skip(`ndjson with the example in ${language}`, () => {})
  }
}

describe('the example in TypeScript, which asks before it acts', () => {
  test('runs what was allowed, leaves what was denied, and ends when it is interrupted', async () => {
    await using careful = await startCareful()
    const { driver } = careful
    driver.send({ id: 'm1', from: 'user', body: 'run echo from a program' })
    const allowed = await careful.question(1)
    expect(allowed).toMatchObject({
      tool: 'run',
      input: { argv: ['echo', 'from', 'a', 'program'] },
    })
    careful.answer(allowed, true)
    expect(await driver.turnEnded('m1')).toMatchObject({ reply: 'from a program', error: null })

    driver.send({ id: 'm2', from: 'user', body: 'run touch never' })
    careful.answer(await careful.question(2), false)
    expect(await driver.turnEnded('m2')).toMatchObject({ reply: 'Then I leave it.', error: null })

    driver.send({ id: 'm3', from: 'user', body: 'run touch never' })
    await careful.question(3)
    driver.child.stdin.write('{"type":"interrupt","id":"m2"}\n')
    expect(driver.interrupt()).toBe(true)
    expect(await driver.turnEnded('m3')).toMatchObject({ error: 'interrupted' })
    expect(driver.events).toContainEqual({ type: 'question.closed', id: 'question_3' })
    expect(existsSync(path.join(careful.folder, 'never'))).toBe(false)
    expect(await driver.end()).toEqual({ code: 0, signal: null })
  })

  test('ends though it waits for an answer, when nobody can give one any more', async () => {
    await using careful = await startCareful()
    careful.driver.send({ id: 'm1', from: 'user', body: 'run touch never' })
    await careful.question(1)
    expect(await careful.driver.end()).toEqual({ code: 0, signal: null })
    expect(existsSync(path.join(careful.folder, 'never'))).toBe(false)
  })
})

type Question = Extract<ProviderEvent, { type: 'question' }>

async function startCareful() {
  const folder = createTemporaryFolder('drover-careful-')
  const program = [process.execPath, example('careful.ts')]
  const driver = await driveProgram(ndjsonProvider, {
    env: { PATH: process.env['PATH'] ?? '' },
    programPath: null,
    upstreams: {},
    signal: AbortSignal.timeout(10_000),
    agent: { id: 'agt_1', name: 'careful' },
    spec: AgentSpec.parse({ provider: 'ndjson', runtime: 'process', dir: folder, program }),
    resume: null,
    newSession: 'ses_1',
    isFork: false,
    systemPrompt: null,
    stateFolder: path.join(folder, 'state'),
    runFolder: path.join(folder, 'run'),
  })
  return {
    driver,
    folder,
    question: (n: number) =>
      driver.waitFor(
        (event): event is Question => event.type === 'question' && event.id === `question_${n}`,
      ),
    answer(question: Question, isAllowed: boolean) {
      driver.answer(question, { isAllowed, isForSession: false, message: null })
    },
    async [Symbol.asyncDispose]() {
      driver.child.kill('SIGKILL')
      await driver.exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
