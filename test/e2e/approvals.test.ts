import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import type { Config } from '../../src/schema/config.ts'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { realProgram, requireOrSkip, type RealProgram } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

interface Case {
  provider: Exclude<RealProgram, 'node-floor'>
  upstream: keyof Config['gateway']['upstreams']
  request?: Partial<RunRequestInput>
  /** A message that makes the model write this file by a shell command. */
  body: (file: string) => string
}

const shell = (file: string): string => `[[bash:touch '${file}']]`

const cases: readonly Case[] = [
  { provider: 'claude', upstream: 'anthropic', body: shell },
  {
    provider: 'codex',
    upstream: 'openai',
    request: { model: 'scripted' },
    body: (file) =>
      `[[tool:exec_command ${JSON.stringify({
        cmd: `touch '${file}'`,
        sandbox_permissions: 'require_escalated',
        justification: 'a test wants it',
      })}]]`,
  },
  { provider: 'gemini', upstream: 'gemini', request: { model: 'gemini-2.5-pro' }, body: shell },
  { provider: 'opencode', upstream: 'openai', request: { model: 'scripted-model' }, body: shell },
]

const up = { waitSeconds: 120 }

for (const { provider, upstream, request = {}, body } of cases) {
  const program = realProgram(provider)
  requireOrSkip(provider, program !== null)(
    `a question of ${provider} outlives the daemon: it is answered after kill -9, once, and the turn completes`,
    async () => {
      await using model = await startModelServer()
      using folder = temporaryFolder()
      await using daemon = await startTestDaemon({
        config: {
          gateway: { upstreams: { [upstream]: { url: model.url } } },
          providers: { [provider]: { path: program } },
        },
        isLeftClean: true,
      })
      const { client } = daemon
      await client.run({ template: provider, name: 'a', dir: folder.path, ...request }, up)
      const file = path.join(folder.path, 'approved')
      const { id } = await client.send('a', { body: body(file) })
      await waitFor('it to ask', async () => (await client.show('a')).status === 'waiting')
      const { pid, run } = await client.show('a')

      await daemon.kill()
      await daemon.start()
      expect(await client.show('a')).toMatchObject({ status: 'waiting', pid, run, questions: 1 })
      const [question] = await client.approvals.list({ state: 'open' })
      expect(question).toMatchObject({
        agent: 'a',
        title: expect.stringContaining('touch') as string,
      })
      expect(existsSync(file)).toBe(false)
      await client.approvals.approve(question?.id ?? '')
      expect(await client.message(id, up)).toMatchObject({ state: 'done', run })
      expect(existsSync(file)).toBe(true)

      // The same once more, denied by a daemon that is killed right after.
      const other = path.join(folder.path, 'denied')
      const second = await client.send('a', { body: body(other) })
      await waitFor('it to ask again', async () => (await client.show('a')).questions === 1)
      const [asked] = await client.approvals.list({ state: 'open' })
      await client.approvals.deny(asked?.id ?? '', { message: 'Not that one.' })
      await daemon.kill()
      await daemon.start()
      expect((await client.message(second.id, up)).state).toMatch(/^(?:done|failed)$/)
      expect(existsSync(other)).toBe(false)
      expect((await client.show('a')).status).toBe('idle')
      expectGapless(await readEvents(client))
      const states = (await client.approvals.list()).map(({ state }) => state)
      expect(states).toEqual(['allowed', 'denied'])
      await client.sleep('a', up)
    },
  )
}
