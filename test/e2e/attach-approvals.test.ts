import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect } from 'vitest'
import { mainFile, startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { Terminal } from '../support/terminal.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 20 }
const main = fileURLToPath(new URL('../fixtures/asking-daemon.ts', import.meta.url))

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon({ main, isLeftClean: true })
})
afterAll(async () => {
  await using ended = daemon
  await ended.client.remove('a', { force: true, ...up })
})

requireOrSkip('tmux', hasProgram('tmux'))(
  'a person who talks with an agent sees what it asks, and answers it there',
  async () => {
    const { client } = daemon
    await client.run({ template: 'asking', name: 'a', prompt: 'ask Bash git push' })
    await waitFor('the question', async () => (await client.show('a')).questions === 1)
    await using terminal = await Terminal.open([process.execPath, mainFile, 'attach', 'a'], {
      env: { ...daemon.env, TERM: 'screen-256color' },
      cwd: daemon.home.folder,
      columns: 100,
    })
    const say = async (text: string): Promise<void> => {
      await terminal.type(text)
      await terminal.press('Enter')
    }
    const idOf = async (): Promise<string> =>
      (await client.approvals.list({ state: 'open' }))[0]?.id ?? ''
    await terminal.waitFor(`? git push (high risk)  ${await idOf()}`)
    await terminal.waitFor('y allows it, n denies it')

    // What is no answer is a message, and waits.
    await say('ask Bash make')
    await terminal.waitFor('1st in line › ask Bash make')
    await say('y')
    await terminal.waitFor('– git push: allowed by user')
    await terminal.waitFor('a › did git push')

    await terminal.waitFor('? make (medium risk)')
    await say('n use npm')
    await terminal.waitFor('– make: denied by user')
    await terminal.waitFor('a › did not make (use npm)')
    expect((await client.approvals.list()).map(({ state }) => state)).toEqual(['allowed', 'denied'])

    // What was typed for one question answers no other, and is no message.
    await say('ask Bash one')
    await terminal.waitFor('? one (medium risk)')
    await terminal.type('y')
    await terminal.waitFor('you › y')
    await client.approvals.approve(await idOf())
    await terminal.waitFor('a › did one')
    await terminal.press('Enter')
    await terminal.waitFor('is asked no more; nothing was answered')

    // Without a question it is a word like any other.
    await say('y')
    await terminal.waitFor('a › heard y')
    expect(await terminal.read()).not.toContain('y allows it')
  },
)
