import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ProviderEvent } from '../../src/providers/contract.ts'
import { ndjsonProvider } from '../../src/providers/ndjson/index.ts'
import { AgentSpec } from '../../src/schema/agent.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { describeProvider } from './describe-provider.ts'
import { driveProgram } from './drive-program.ts'

const example = (file: string) =>
  path.join(import.meta.dirname, '..', '..', 'examples', 'runners', file)

/** The examples that keep a conversation. */
const echoes = [
  { language: 'Python', program: ['python3', example('echo.py')] },
  { language: 'sh', program: ['sh', example('echo.sh')] },
] as const

for (const { language, program } of echoes) {
  if (requireOrSkip(program[0], hasProgram(program[0])) === test) {
    describeProvider(`ndjson with the example in ${language}`, async () => ({
      provider: ndjsonProvider,
      spec: { program: [...program] },
      isAccepting: true,
      turns: [
        { body: 'hello', reply: /^1: hello$/ },
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
    expect(allowed).toMatchObject({ tool: 'run', input: ['echo', 'from', 'a', 'program'] })
    careful.answer(allowed, true)
    expect(await driver.turnEnded('m1')).toMatchObject({ reply: 'from a program', error: null })

    driver.send({ id: 'm2', from: 'user', body: 'run touch never' })
    careful.answer(await careful.question(2), false)
    expect(await driver.turnEnded('m2')).toMatchObject({ reply: 'Then I leave it.', error: null })

    driver.send({ id: 'm3', from: 'user', body: 'run touch never' })
    await careful.question(3)
    driver.child.stdin.write('{"type":"interrupt","id":"m2"}\n{"type":"interrupt","id":"m3"}\n')
    expect(await driver.turnEnded('m3')).toMatchObject({ error: 'The turn was interrupted.' })
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
  })
  return {
    driver,
    folder,
    question: (n: number) =>
      driver.waitFor(
        (event): event is Question => event.type === 'question' && event.id === `question_${n}`,
      ),
    answer(question: Question, isAllowed: boolean) {
      const answer = { isAllowed, isForSession: false, message: null }
      driver.child.stdin.write(ndjsonProvider.answer?.(question, answer))
    },
    async [Symbol.asyncDispose]() {
      driver.child.kill('SIGKILL')
      await driver.exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
