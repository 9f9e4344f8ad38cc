import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect } from 'vitest'
import { startModelServer } from '../../src/testing/index.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, saidIn } from '../support/events.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 60 }

const programs = [
  { name: 'opencode', upstream: 'openai', model: 'scripted-model' },
  { name: 'gemini', upstream: 'gemini', model: 'gemini-2.5-pro' },
] as const

describe.each(programs)('the real $name', ({ name, upstream, model }) => {
  const program = realProgram(name)
  const testWithProgram = requireOrSkip(name, program !== null)

  testWithProgram(
    'is asked, killed over, answered and put to sleep, and its conversation is whole',
    async () => {
      await using server = await startModelServer()
      await using daemon = await startTestDaemon({
        config: {
          gateway: { upstreams: { [upstream]: { url: server.url } } },
          providers: { [name]: { path: program } },
        },
        isLeftClean: true,
      })
      using folder = temporaryFolder()
      const { client } = daemon
      const file = path.join(folder.path, 'made')
      const first = await client.run(
        {
          template: name,
          name: 'a',
          model,
          dir: folder.path,
          persona: 'You are terse.',
          prompt: 'my word is heron',
        },
        up,
      )
      expect(first.message).toMatchObject({ state: 'done', reply: 'echo: my word is heron' })
      expect(JSON.stringify(server.requests.map(({ body }) => body))).toContain('You are terse.')

      await client.send('a', { id: 'm2', body: `[[bash:touch '${file}']]` })
      await waitFor(
        'its question',
        async () => (await client.approvals.list({ state: 'open' })).length === 1,
        30_000,
      )
      const { pid } = await client.show('a')
      await daemon.restart()
      const [open] = await client.approvals.list({ state: 'open' })
      expect(await client.show('a')).toMatchObject({ status: 'waiting', pid })
      expect(existsSync(file)).toBe(false)
      await client.approvals.approve(open?.id ?? '')
      expect(await client.message('m2', up)).toMatchObject({ state: 'done' })
      expect(existsSync(file)).toBe(true)

      await client.sleep('a', up)
      const before = server.requests.length
      expect(await client.send('a', { body: '[[say:still here]]' }, up)).toMatchObject({
        state: 'done',
        reply: 'still here',
      })
      const told = JSON.stringify(server.requests.slice(before).map(({ body }) => body))
      expect(told).toContain('my word is heron')
      const events = await readEvents(client)
      expectGapless(events)
      expect(saidIn(events).match(/heron/g)).toHaveLength(1)
      await client.remove('a', { force: true, ...up })
    },
    120_000,
  )
})
