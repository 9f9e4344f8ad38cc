import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import type { Approval } from '../../src/schema/approval.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { hasProgram, realProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Onlooker } from '../support/terminal-stage.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 90 }

/** What `src/providers/` has a terminal for, beside Claude Code, which has a test of its own. */
const programs = {
  codex: {
    upstream: 'openai',
    options: {},
    asking: (file: string): string => {
      const call = { cmd: `touch ${file}`, sandbox_permissions: 'require_escalated' }
      return `[[tool:exec_command ${JSON.stringify({ ...call, justification: 'it must' })}]]`
    },
  },
  gemini: { upstream: 'gemini', options: { approvalMode: 'yolo' }, asking: null },
  opencode: {
    upstream: 'openai',
    options: {},
    asking: (file: string): string => `[[bash:touch ${file}]]`,
  },
} as const

async function question({ client }: TestDaemon): Promise<Approval> {
  let open: Approval | undefined
  await waitFor('a question', async () => {
    ;[open] = await client.approvals.list({ state: 'open' })
    return open !== undefined
  })
  return open!
}

for (const [name, { upstream, options, asking }] of Object.entries(programs)) {
  const program = realProgram(name as keyof typeof programs)
  const testAtTerminal = requireOrSkip(name, program !== null && hasProgram('tmux'))

  testAtTerminal(
    `${name} at a terminal outlives the daemon, sleeps, goes on headless and comes back`,
    { timeout: 240_000 },
    async () => {
      await using model = await startModelServer()
      await using daemon = await startTestDaemon({
        config: {
          gateway: { upstreams: { [upstream]: { url: model.url, model: 'scripted' } } },
          providers: { [name]: { path: program } },
        },
        isLeftClean: true,
      })
      using folder = temporaryFolder()
      const { client } = daemon
      const agent = { template: name, name: 'a', runtime: 'tmux', dir: folder.path, options }
      const first = await client.run({ ...agent, prompt: 'my word is heron' }, up)
      expect(first.message).toMatchObject({ state: 'done', reply: 'echo: my word is heron' })
      const { session, run } = await client.show('a')

      if (asking) {
        const file = path.join(folder.path, 'made')
        const sent = await client.send('a', { body: asking(file) })
        const asked = await question(daemon)
        expect(asked.title).toBe(`run touch ${file}`)
        await daemon.restart()
        expect(daemon.status.recovered).toMatchObject({ adopted: 1 })
        expect(existsSync(file)).toBe(false)
        await client.approvals.approve(asked.id)
        expect(await client.message(sent.id, up)).toMatchObject({ state: 'done' })
        expect(existsSync(file)).toBe(true)
      }
      const late = await client.send('a', { body: '[[slow:15]]' })
      await daemon.restart()
      expect(await client.message(late.id, up)).toMatchObject({ state: 'done' })
      expect(await client.show('a')).toMatchObject({ run, session })

      await client.sleep('a', up)
      await client.wake('a', { ...up, runtime: 'process' })
      expect(await client.send('a', { body: 'what was my word?' }, up)).toMatchObject({
        state: 'done',
        reply: 'echo: what was my word?',
      })
      await client.sleep('a', up)
      await client.wake('a', { ...up, runtime: 'tmux' })
      expect(await client.send('a', { body: 'and once more' }, up)).toMatchObject({
        state: 'done',
        reply: 'echo: and once more',
      })
      {
        await using person = await Onlooker.come(client, 'a')
        await person.sees('was my word?')
      }
      expect(await client.show('a')).toMatchObject({ session })
      // It may ask the model for a title as well, without the conversation.
      const requests = model.requests.map(({ body }) => JSON.stringify(body))
      const latest = requests.filter((text) => text.includes('and once more'))
      expect(latest.some((text) => text.includes('heron'))).toBe(true)
      expectGapless(await readEvents(client))
      await client.sleep('a', up)
    },
  )
}
