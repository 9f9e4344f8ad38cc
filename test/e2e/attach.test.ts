import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { startTestDaemon, mainFile, type TestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { Terminal, type TerminalOptions } from '../support/terminal.ts'
import { waitUntil } from '../../src/util/wait.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 20 }

let daemon: TestDaemon
beforeAll(async () => {
  const gateway = { upstreams: { ollama: { url: 'http://127.0.0.1:9' } } }
  daemon = await startTestDaemon({ isLeftClean: true, config: { gateway } })
})
afterAll(async () => {
  await using ended = daemon
  for (const { name } of await ended.client.list({ all: true })) {
    await ended.client.remove(name, { force: true, ...up })
  }
})

async function attach(
  name: string,
  size: Partial<Pick<TerminalOptions, 'columns' | 'rows'>> = {},
  of = daemon,
): Promise<Terminal> {
  const terminal = await Terminal.open([process.execPath, mainFile, 'attach', name], {
    env: { ...of.env, TERM: 'screen-256color' },
    cwd: of.home.folder,
    ...size,
  })
  await terminal.waitFor('Ctrl-D detaches')
  await waitFor('the prompt', async () => (await terminal.readCursorLine()).startsWith('you ›'))
  return terminal
}

/** Waits until the row with the cursor is this. */
async function waitForInput(terminal: Terminal, text: string): Promise<void> {
  await waitFor(`the typed line to be ${JSON.stringify(text)}`, async () => {
    return (await terminal.readCursorLine()) === text
  })
}

async function say(terminal: Terminal, text: string): Promise<void> {
  await terminal.type(text)
  await terminal.press('Enter')
}

/** What it shows of the conversation, row by row. */
async function conversation(terminal: Terminal): Promise<string[]> {
  const rows = (await terminal.read()).trimEnd().split('\n')
  return rows.slice(rows.findIndex((row) => row.includes('Ctrl-D detaches')) + 1)
}

/** Waits until these are the last rows of the conversation. */
async function waitForRows(terminal: Terminal, rows: readonly string[]): Promise<void> {
  let shown: string[] = []
  await waitUntil(
    async () => {
      shown = (await conversation(terminal)).slice(-rows.length)
      return shown.join('\n') === rows.join('\n')
    },
    { deadlineMs: 15_000 },
  )
  expect(shown).toEqual(rows)
}

/** Repeats each line; one that is "long" is answered in two parts, the second once the gate is there. */
const repeater = `
while IFS= read -r line; do
  case $line in
    long)
      echo "${'一二三四五 '.repeat(8)}and a word"
      while [ ! -e "$1" ]; do sleep 0.02; done
      echo "${'x'.repeat(150)} the end"
      ;;
    *) echo "heard: $line" ;;
  esac
done
`

requireOrSkip('tmux', hasProgram('tmux'))(
  'a first conversation: a reply that streams in above the line being typed, and a session that goes on after a sleep',
  async () => {
    const { client } = daemon
    await client.run({ template: 'hello', name: 'guide' }, up)
    await using terminal = await attach('guide', { columns: 60 })
    await say(terminal, 'Who are you?')
    await terminal.waitFor('guide is working')
    await terminal.type('typed meanwhile')
    await waitForRows(terminal, [
      'you › Who are you?',
      'guide › Hello, I am guide. No model is connected, so this',
      "is Drover's built-in practice model: a small script, no AI.",
      'My name is guide. (This is message 1 of this conversation.)',
      'you › typed meanwhile',
    ])
    await waitForInput(terminal, 'you › typed meanwhile')
    expect(await client.show('guide')).toMatchObject({ attached: 1 })

    await terminal.press('C-c')
    await waitForInput(terminal, 'you ›')
    await terminal.press('C-c')
    await terminal.waitFor('detached; guide goes on.')
    await waitFor('the end', async () => (await terminal.exitCode()) === 0)
    await waitFor('them to be gone', async () => (await client.show('guide')).attached === 0)
    const { session, run } = await client.show('guide')

    expect(await client.sleep('guide', up)).toMatchObject({ status: 'asleep' })
    await using again = await attach('guide', { columns: 60 })
    expect((await conversation(again)).slice(0, 2)).toEqual([
      'you › Who are you?',
      'guide › Hello, I am guide. No model is connected, so this',
    ])
    await say(again, 'And now?')
    await again.waitFor('message 2 of this')
    const woken = await client.show('guide')
    expect(woken).toMatchObject({ session, attached: 1 })
    expect(woken.run).not.toBe(run)
    await again.press('C-d')
    await again.waitFor('detached; guide goes on.')
    await waitFor('the end', async () => (await again.exitCode()) === 0)
  },
)

requireOrSkip('tmux', hasProgram('tmux'))(
  'long lines, wide characters, resizes, pastes and messages of others leave the typed line whole',
  async () => {
    const { client, home } = daemon
    const gate = path.join(home.folder, 'gate')
    const program = ['/bin/sh', '-c', repeater, 'sh', gate]
    await client.run({ template: 'command', program, name: 'echo', options: { settleMs: 100 } }, up)
    await using terminal = await attach('echo', { columns: 70, rows: 30 })
    await say(terminal, 'long')
    await terminal.waitFor('and a word')
    const typed = 'a line that is longer than half of the terminal, 漢字 too'
    await terminal.type(typed)
    await terminal.resize(40, 30)
    await waitFor('the line to be broken', async () => {
      return /^ {6}\S/.test(await terminal.readCursorLine())
    })
    await terminal.resize(90, 20)
    await waitForInput(terminal, `you › ${typed}`)
    writeFileSync(gate, '')
    await terminal.waitFor('the end')
    await waitForInput(terminal, `you › ${typed}`)
    const shown = (await terminal.read()).replaceAll(/\s/g, '')
    expect(shown).toContain(`${'一二三四五'.repeat(8)}andaword`)
    expect(shown).toContain(`${'x'.repeat(150)}theend`)
    expect(shown.split('you›')).toHaveLength(3)

    await terminal.press('C-c')
    await waitForInput(terminal, 'you ›')
    await client.send('echo', { body: 'see you at four', from: 'planner' }, up)
    await terminal.waitFor('heard: see you at four')
    await terminal.paste('first pasted\n\tsecond')
    await terminal.waitFor('you › first pasted')
    await terminal.press('Enter')
    await terminal.waitFor('heard:     second')
    expect((await client.messages('echo')).map(({ body }) => body)).toEqual([
      'long',
      'see you at four',
      'first pasted\n\tsecond',
    ])
    await waitForRows(terminal, [
      'from planner: see you at four',
      'echo › heard: see you at four',
      'you › first pasted',
      '    second',
      'echo › heard: first pasted',
      'heard:     second',
      'you ›',
    ])
    await client.remove('echo', { force: true, ...up })
    await terminal.waitFor('echo was removed')
    await waitFor('the end', async () => (await terminal.exitCode()) === 0)
  },
)

requireOrSkip('tmux', hasProgram('tmux'))(
  'who comes in mid-turn sees the turn from its beginning',
  async () => {
    const { client, home } = daemon
    const gate = path.join(home.folder, 'second-gate')
    const program = ['/bin/sh', '-c', repeater, 'sh', gate]
    const options = { settleMs: 5000 }
    await client.run({ template: 'command', program, name: 'busy', options }, up)
    await client.send('busy', { body: 'long', from: 'planner' })
    await waitFor('the first part', async () => {
      return (await readEvents(client, { agent: 'busy' })).some(({ type }) => type === 'text')
    })
    await using terminal = await attach('busy', { columns: 80 })
    await terminal.waitFor('busy is working')
    await terminal.waitFor('and a word')
    const rows = ['from planner: long', expect.stringMatching(/^busy › 一二三四五/)]
    expect((await conversation(terminal)).slice(0, 2)).toEqual(rows)
    writeFileSync(gate, '')
    await terminal.waitFor('the end')
    await client.remove('busy', { force: true, ...up })
    await waitFor('the end', async () => (await terminal.exitCode()) === 0)
  },
)

requireOrSkip('tmux', hasProgram('tmux'))(
  'messages that wait show their place, and go on over a daemon that is killed',
  async () => {
    await using own = await startTestDaemon({ isLeftClean: true })
    const { client, home } = own
    await client.run({ template: 'hello', name: 'guide' }, up)
    await using terminal = await attach('guide', {}, own)
    await terminal.press('Tell me about Drover', 'Enter', 'second', 'Enter', 'third', 'Enter')
    await terminal.waitFor(/1st in line › second\n2nd in line › third/)
    await terminal.waitFor(/You said: third/)

    await own.kill()
    await terminal.waitFor('the daemon is away')
    await say(terminal, 'Are you still there?')
    await waitFor('it to wait', async () => {
      return (await conversation(terminal)).at(-3) === 'you › Are you still there?'
    })
    await own.start()
    await terminal.waitFor('message 4 of this')
    await waitForInput(terminal, 'you ›')
    expect((await conversation(terminal)).filter((row) => row.startsWith('you ›'))).toEqual([
      'you › Tell me about Drover',
      'you › second',
      'you › third',
      'you › Are you still there?',
      'you ›',
    ])
    await client.stop('guide', up)
    await terminal.waitFor('guide is stopped')
    await say(terminal, 'Hello?')
    await terminal.waitFor('the message is refused: the agent is stopped')
    await terminal.press('C-d')
    await waitFor('the end', async () => (await terminal.exitCode()) === 0)
    await using refused = await Terminal.open([process.execPath, mainFile, 'attach', 'guide'], {
      env: own.env,
      cwd: home.folder,
    })
    await waitFor('the end', async () => (await refused.exitCode()) === 4)
    expect(await refused.read()).toContain('the agent is stopped')
    await client.remove('guide', { force: true, ...up })
  },
)
