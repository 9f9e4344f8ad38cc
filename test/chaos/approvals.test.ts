import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Approval } from '../../src/schema/approval.ts'
import type { Event } from '../../src/schema/event.ts'
import { insist } from '../support/insist.ts'
import { startTestDaemon, type TestDaemon, type TestDaemonOptions } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { waitFor } from '../support/wait-for.ts'

const main = fileURLToPath(new URL('../fixtures/asking-daemon.ts', import.meta.url))

async function start(options: TestDaemonOptions = {}): Promise<TestDaemon> {
  return await startTestDaemon({ main, isLeftClean: true, ...options })
}

/** Makes the request of one daemon after the other until one answers it. */
function asker(daemon: TestDaemon): <T>(request: () => Promise<T>) => Promise<T> {
  return (request) =>
    insist(async () => {
      await daemon.exited
      await daemon.start({ env: {} })
    }, request)
}

async function asked(
  { client }: TestDaemon,
  ask: ReturnType<typeof asker>,
  state: Approval['state'] = 'open',
): Promise<Approval> {
  let found: Approval | undefined
  await waitFor(`a question that is ${state}`, async () => {
    const all = await ask(() => client.approvals.list({ state }))
    found = all[0]
    return found !== undefined
  })
  return found!
}

/** Answers that the program was given, as it kept them itself. */
function answersIn({ home }: TestDaemon): Record<string, unknown>[] {
  return readFileSync(path.join(home.folder, 'told'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"answer"'))
    .map((line) => JSON.parse(line.slice(line.indexOf(' '))) as Record<string, unknown>)
}

const trailOf = (events: readonly Event[]): string[] =>
  events.filter(({ type }) => type.startsWith('approval.')).map(({ type }) => type)

/** The program that waits, and all that holds it, die with nobody to see it. */
async function killAgent(daemon: TestDaemon): Promise<void> {
  await daemon.kill()
  await daemon.killMarked()
}

describe.concurrent('a daemon that is killed', { timeout: 60_000 }, () => {
  test.each([
    'question-recorded',
    'approval-decided',
    'output-read:2',
    'output-committed:2',
    'input-assigned:2',
    'input-appended:2',
    'input-rung:2',
    'input-recorded:2',
  ])('at %s has a question answered once, and the turn completes', async (fault) => {
    await using daemon = await start({ env: { DROVER_FAULT: fault } })
    const { client } = daemon
    const first = daemon.exited
    const ask = asker(daemon)
    await ask(() => client.run({ template: 'asking', name: 'a', requestId: 'r' }))
    await ask(() => client.send('a', { id: 'm1', body: 'ask Bash git push' }))
    const { id } = await asked(daemon, ask)
    await ask(() => client.approvals.approve(id, { message: 'go' }))
    const message = await ask(() => client.message('m1', { waitSeconds: 20 }))
    expect(message).toMatchObject({ state: 'done', reply: 'did git push (go)' })
    expect(answersIn(daemon)).toHaveLength(1)
    expect(await ask(() => client.approvals.list())).toHaveLength(1)
    expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
    const events = await readEvents(client)
    expectGapless(events)
    expect(trailOf(events)).toEqual(['approval.asked', 'approval.decided'])
    await client.remove('a', { force: true, waitSeconds: 20 })
  })

  test.each(['question-recorded', 'approval-decided', 'input-appended:2'])(
    'at %s answers by policy once',
    async (fault) => {
      await using daemon = await start({ env: { DROVER_FAULT: fault } })
      const { client } = daemon
      const first = daemon.exited
      const ask = asker(daemon)
      const approvals = { rules: [{ tool: 'Bash', input: 'git *', mode: 'deny' as const }] }
      await ask(() => client.run({ template: 'asking', name: 'a', requestId: 'r', approvals }))
      await ask(() => client.send('a', { id: 'm1', body: 'ask Bash git push' }))
      const message = await ask(() => client.message('m1', { waitSeconds: 20 }))
      expect(message.reply).toMatch(/^did not git push/)
      expect(answersIn(daemon)).toHaveLength(1)
      expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
      expect(trailOf(await readEvents(client))).toEqual(['approval.asked', 'approval.decided'])
      await client.remove('a', { force: true, waitSeconds: 20 })
    },
  )

  test('in the middle of an open question finds it open, and its answer reaches the same program', async () => {
    await using daemon = await start()
    const { client } = daemon
    const ask = asker(daemon)
    await client.run({ template: 'asking', name: 'a', prompt: 'ask Bash ls' })
    const open = await asked(daemon, ask)
    const { pid } = await client.show('a')
    await daemon.restart()
    expect(await client.approvals.list({ state: 'open' })).toEqual([open])
    expect(await client.show('a')).toMatchObject({ status: 'waiting', pid, questions: 1 })
    await client.approvals.deny(open.id)
    const [message] = await client.messages('a')
    expect(await client.message(message?.id ?? '', { waitSeconds: 20 })).toMatchObject({
      state: 'done',
      reply: 'did not ls',
    })
    await client.remove('a', { force: true, waitSeconds: 20 })
  })

  test.each(['input-assigned:2', 'approval-decided'])(
    'at %s has what nobody answered denied once, when its time is over meanwhile',
    async (fault) => {
      await using daemon = await start({ env: { DROVER_FAULT: fault } })
      const { client } = daemon
      const first = daemon.exited
      const ask = asker(daemon)
      const approvals = { timeoutMs: 2000 }
      await ask(() => client.run({ template: 'asking', name: 'a', requestId: 'r', approvals }))
      await ask(() => client.send('a', { id: 'm1', body: 'ask Bash ls' }))
      await first
      const message = await ask(() => client.message('m1', { waitSeconds: 20 }))
      expect(message.reply).toBe('did not ls (nobody answered within 2 s)')
      expect(answersIn(daemon)).toHaveLength(1)
      expect(await asked(daemon, ask, 'expired')).toMatchObject({ by: 'drover' })
      await client.remove('a', { force: true, waitSeconds: 20 })
    },
  )

  test('right after an answer whose program then dies, too, brings it as a message', async () => {
    await using daemon = await start({ env: { DROVER_FAULT: 'approval-decided' } })
    const { client } = daemon
    await client.run({ template: 'asking', name: 'a', prompt: 'ask Bash git push' })
    const { id } = await asked(daemon, (request) => request())
    const answer = client.approvals.approve(id)
    await expect(answer).rejects.toMatchObject({ code: 'daemon_unreachable' })
    await daemon.exited
    await killAgent(daemon)
    await daemon.start({ env: {} })
    const message = await client.message(`approval:${id}`, { waitSeconds: 20 })
    expect(message).toMatchObject({ state: 'done', from: 'drover', reply: 'did git push' })
    expect(answersIn(daemon)).toHaveLength(1)
    expect(await client.approvals.show(id)).toMatchObject({
      state: 'allowed',
      messageId: `approval:${id}`,
    })
    await client.remove('a', { force: true, waitSeconds: 20 })
  })

  test('has a question of the example program answered, that comes with Drover', async () => {
    const runner = fileURLToPath(new URL('../../examples/runners/careful.ts', import.meta.url))
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const program = [process.execPath, runner]
    const approvals = { rules: [{ tool: 'run', input: 'true *', mode: 'allow' as const }] }
    await client.run({ template: 'ndjson', name: 'a', program, approvals, prompt: 'run true x' })
    await client.send('a', { id: 'm2', body: 'run echo hello' })
    const { id, title } = await asked(daemon, (request) => request())
    expect(title).toContain('echo')
    await daemon.restart()
    await client.approvals.approve(id)
    expect(await client.message('m2', { waitSeconds: 20 })).toMatchObject({
      state: 'done',
      reply: 'hello',
    })
    expect((await client.approvals.list()).map(({ by }) => by)).toEqual(['policy', 'user'])
    await client.remove('a', { force: true, waitSeconds: 20 })
  })

  test('with the program that asked finds the question open, and the next run is told', async () => {
    await using daemon = await start()
    const { client } = daemon
    await client.run({ template: 'asking', name: 'a', prompt: 'ask Bash git push' })
    const { id } = await asked(daemon, (request) => request())
    await killAgent(daemon)
    await daemon.start()
    await waitFor('the run to be over', async () => (await client.show('a')).run === null)
    expect(await client.show('a')).toMatchObject({ questions: 1 })
    expect(await client.approvals.approve(id)).toMatchObject({ messageId: `approval:${id}` })
    await daemon.restart()
    expect(await client.message(`approval:${id}`, { waitSeconds: 20 })).toMatchObject({
      state: 'done',
      reply: 'did git push',
    })
    await client.remove('a', { force: true, waitSeconds: 20 })
  })
})
