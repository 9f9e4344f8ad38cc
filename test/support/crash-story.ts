import { copyFileSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { DroverError } from '../../src/schema/error.ts'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { startTestDaemon, type TestDaemon } from './daemon.ts'
import { expectGapless, readEvents, receiptsIn, saidIn } from './events.ts'
import { insist } from './insist.ts'
import { temporaryFolder } from './temporary-folder.ts'

const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))

export interface CrashStory {
  /** As `DROVER_FAULT` has it. */
  fault: string
  /** What makes this agent another than a plain one. */
  request?: Partial<RunRequestInput>
  /** Of its daemons. */
  env?: Record<string, string>
  /** What starts them: a program that becomes the one in its further arguments. */
  launcher?: readonly [string, ...string[]]
  /** Their config. */
  config?: Record<string, unknown>
  /** Looked at while the agent is there and nothing of it lives. */
  check?: (daemon: TestDaemon, agentId: string) => Promise<void>
}

/**
 * An agent's life with four messages, a sleep, a wake and a removal, while its daemon dies at a point
 * on that way and another goes on. Fails where a message was not taken once, or something is left.
 */
export async function playCrash({
  fault,
  request,
  env = {},
  check,
  ...daemons
}: CrashStory): Promise<void> {
  using folder = temporaryFolder()
  const program = path.join(folder.path, 'program')
  copyFileSync(agentScript, program)
  await using daemon = await startTestDaemon({
    ...daemons,
    env: { ...env, DROVER_FAULT: fault },
    isLeftClean: true,
  })
  const { client } = daemon
  const first = daemon.exited
  const startNext = async (): Promise<void> => {
    await daemon.exited
    await daemon.start({ env })
  }
  const ask = async <T>(asked: () => Promise<T>): Promise<T> => await insist(startNext, asked)
  const finish = async (id: string): Promise<unknown> =>
    await ask(async () =>
      expect((await client.message(id, { waitSeconds: 20 })).state, id).toBe('done'),
    )

  const made = await ask(() =>
    client.run({
      template: 'command',
      name: 'a',
      program: ['/bin/sh', program, folder.path],
      dir: folder.path,
      prompt: 'm1',
      requestId: 'r1',
      ...request,
    }),
  )
  await ask(() => client.send('a', { id: 'm2', body: 'm2' }))
  await ask(() => client.send('a', { id: 'm3', body: 'm3' }))
  const ids = [made.message?.id ?? '', 'm2', 'm3', 'm4']
  for (const id of ids.slice(0, 3)) {
    await finish(id)
  }
  await ask(() => client.sleep('a', { waitSeconds: 20 }))
  await ask(() => client.send('a', { id: 'm4', body: 'm4' }))
  await finish('m4')
  const asleep = await ask(() => client.sleep('a', { waitSeconds: 20 }))
  expect(asleep).toMatchObject({ status: 'asleep', turns: 4 })

  expect(linesOf(path.join(folder.path, 'taken'))).toEqual(['m1', 'm2', 'm3', 'm4'])
  await ask(async () => {
    const messages = await client.messages('a')
    expect(messages.map(({ id, state }) => [id, state])).toEqual(ids.map((id) => [id, 'done']))
    expect(new Set(messages.map(({ run }) => run)).size).toBe(
      linesOf(path.join(folder.path, 'starts')).length,
    )
  })
  await check?.(daemon, made.id)

  await ask(() => removeForGood(daemon, 'a'))
  expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
  await ask(async () => expect(await client.list({ all: true })).toEqual([]))
  await ask(() => expectWholeStory(daemon))
  expect(readdirSync(daemon.home.runsFolder)).toEqual([])
  expect(readdirSync(daemon.home.agentsFolder)).toEqual([])
}

async function expectWholeStory({ client }: TestDaemon): Promise<void> {
  const events = await readEvents(client)
  expectGapless(events)
  expect(saidIn(events)).toBe('took m1\ntook m2\ntook m3\ntook m4\n')
  for (const states of Object.values(receiptsIn(events))) {
    expect(states).toEqual([...new Set(states)])
    expect([states[0], states.at(-1)]).toEqual(['stored', 'done'])
  }
  expect(events.filter(({ type }) => type === 'turn.ended')).toHaveLength(4)
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n')

/** A removal that was asked for and answered by nobody may have happened. */
async function removeForGood({ client }: TestDaemon, name: string): Promise<void> {
  try {
    await client.remove(name, { waitSeconds: 20 })
  } catch (error) {
    if (!(error instanceof DroverError && error.code === 'agent_not_found')) {
      throw error
    }
  }
}
