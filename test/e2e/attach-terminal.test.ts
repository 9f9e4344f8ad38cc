import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { problemOf, runDrover } from '../support/cli.ts'
import {
  callInTerminal,
  detach,
  goToTerminal,
  hasEnded,
  plainTerminal,
  readOr,
  terminalModes,
  typeLine,
  type AttachedTerminal,
} from '../support/attached-terminal.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import type { TerminalOptions } from '../support/terminal.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const test = requireOrSkip('tmux', hasProgram('tmux'))

let daemon: TestDaemon
let folder: string
beforeAll(async () => {
  // A machine that is busy with other tests is no reason to wait.
  const admission = { cpuPressure: 100, memoryPressure: 100 }
  daemon = await startTestDaemon({ isLeftClean: true, config: { admission } })
  folder = createTemporaryFolder()
})
afterAll(async () => {
  await using last = daemon
  rmSync(folder, { recursive: true, force: true })
  for (const { name } of await last.client.list({ all: true })) {
    await last.client.remove(name, { force: true, ...up })
  }
})

/** An agent that is a shell at a terminal. */
async function makeShell(name: string): Promise<void> {
  const program = ['/bin/bash', '--norc', '--noprofile']
  const env = { PS1: '> ' }
  await daemon.client.run(
    { template: 'command', name, program, env, runtime: 'tmux', dir: folder },
    up,
  )
}

const call = async (
  args: readonly string[],
  options: Partial<TerminalOptions> = {},
): Promise<AttachedTerminal> => await callInTerminal(daemon, args, { cwd: folder, ...options })

/** At the agent's terminal. */
async function attach(
  name: string,
  { args = [], ...options }: Partial<TerminalOptions> & { args?: string[] } = {},
): Promise<AttachedTerminal> {
  return await goToTerminal(daemon, ['attach', name, ...args], { cwd: folder, ...options })
}

describe('at the terminal of an agent', () => {
  test('what is typed is its own, in every alphabet; a size that changes is its size; and leaving leaves nothing behind', async () => {
    await makeShell('shell')
    const attached = await attach('shell', { columns: 90, rows: 20 })
    await using terminal = attached.terminal
    expect(await terminal.ask('#{pane_title}')).toBe('shell · Ctrl-] leaves')
    await typeLine(terminal, 'echo "日本語 ∑ ünï 🐑 $((40 + 2))"; stty size')
    await terminal.waitFor(/^日本語 ∑ ünï 🐑 42\n20 90$/m)

    await terminal.resize(70, 12)
    await waitFor('the size to be told', async () => {
      await typeLine(terminal, 'clear; stty size')
      return /^12 70$/m.test(await terminal.read())
    })
    await terminal.press('C-c')
    expect(await daemon.client.show('shell')).toMatchObject({ attached: 1 })

    await detach(attached)
    const { before, after } = attached.settings()
    expect(withoutSize(after)).toBe(withoutSize(before))
    expect(await terminal.ask(terminalModes)).toBe(plainTerminal)
    expect(await daemon.client.show('shell')).toMatchObject({ status: 'idle' })
  })

  test('every mode that its program sets is there, and gone for who leaves', async () => {
    await makeShell('modes')
    const attached = await attach('modes')
    await using terminal = attached.terminal
    const set = String.raw`\e[?1049h\e[2;9r\e[?1003h\e[?1006h\e[?1h\e=\e[4h\e[?2004h\e[?25l\e[?7l\e[31m`
    await typeLine(terminal, `printf '${set}'; cat -v`)
    await waitFor(
      'all to be set',
      async () => (await terminal.ask(terminalModes)) === '1111110 00 1',
    )
    // A press of the mouse, as a terminal tells it.
    await terminal.typeBytes(Buffer.from('\u001B[<0;5;5M\r'))
    await terminal.waitFor('^[[<0;5;5M')

    await detach(attached)
    expect(await terminal.ask(terminalModes)).toBe(plainTerminal)
    const { before, after } = attached.settings()
    expect(after).toBe(before)

    // Who comes now finds them.
    const again = await attach('modes')
    await using next = again.terminal
    await waitFor('all to be there', async () => (await next.ask(terminalModes)) === '1111110 00 1')
    await detach(again)
    expect(await next.ask(terminalModes)).toBe(plainTerminal)
  })

  test('what a program asks its terminal is answered once', async () => {
    await makeShell('asking')
    const attached = await attach('asking')
    await using terminal = attached.terminal
    // Answers that come are read one after the other, until none comes for a second.
    const read = String.raw`stty -echo raw; printf '\e[c\e[6n'; answer=; while IFS= read -r -n1 -t1 c; do answer+=$c; done; stty echo cooked; printf '%s' "$answer" | tr -cd cR; echo " is all"`
    await typeLine(terminal, `clear; ${read}`)
    await terminal.waitFor(/^cR is all$/m)
    await detach(attached)
  })

  test('a megabyte that is pasted arrives whole, the key that leaves with it', async () => {
    await makeShell('pasting')
    const attached = await attach('pasting')
    await using terminal = attached.terminal
    const line = `${'0123456789 ünï '.repeat(60)}\n`
    const text = `${line.repeat(600)}a\u001Db\n${line.repeat(600)}`
    const [given, taken] = [path.join(folder, 'given'), path.join(folder, 'taken')]
    writeFileSync(given, text)
    await typeLine(terminal, `stty -echo; cat > ${taken}; echo "all taken"`)
    await terminal.pasteFile(given)
    await waitFor('all to be written', () => readFileSync(taken).length === Buffer.byteLength(text))
    expect(readFileSync(taken, 'utf8')).toBe(text)
    await terminal.press('C-d')
    await terminal.waitFor('all taken')
    await detach(attached)
  })

  test('the key pressed twice is typed; another key can be told, or none', async () => {
    await makeShell('keys')
    const attached = await attach('keys')
    await using terminal = attached.terminal
    await typeLine(terminal, 'cat -v')
    await terminal.press('C-]', 'C-]', 'Enter')
    await terminal.waitFor('^]')
    await detach(attached)
    await using other = (await attach('keys', { args: ['--detach-key', 'ctrl-q'] })).terminal
    await other.press('C-]', 'x', 'Enter')
    await other.waitFor('^]x')
    await other.press('C-q')
    await other.waitFor('detached; keys goes on.')
  })

  test('who looks only types nothing, and leaves by Ctrl-C, too', async () => {
    await makeShell('seen')
    const typing = await attach('seen')
    const looking = await attach('seen', { args: ['--read-only'], columns: 200, rows: 50 })
    await using terminal = typing.terminal
    await using onlooker = looking.terminal
    await typeLine(onlooker, 'echo from the onlooker')
    await typeLine(terminal, 'echo "from $((1 + 1))"; stty size')
    await onlooker.waitFor(/^from 2\n40 110$/m)
    expect(await terminal.read()).not.toContain('onlooker')
    await onlooker.press('C-c')
    await onlooker.waitFor('detached; seen goes on.')
    await detach(typing)
  })

  test('two who type share the smaller size, and both see lines as they wrap there', async () => {
    await makeShell('shared')
    const large = await attach('shared', { columns: 100, rows: 30 })
    const small = await attach('shared', { columns: 60, rows: 15 })
    await using first = large.terminal
    await using second = small.terminal
    await waitFor('the smaller size', async () => {
      await typeLine(first, 'clear; stty size')
      return /^15 60$/m.test(await first.read())
    })
    await typeLine(second, `clear; seq 1 40; printf '%s\\n' ${'x'.repeat(70)}`)
    const wrapped = /^40\nx{60}\nx{10}\n> *$/m
    await second.waitFor(wrapped)
    await first.waitFor(wrapped)
    await detach(small)
    await waitFor('the larger size', async () => {
      await typeLine(first, 'clear; stty size')
      return /^30 100$/m.test(await first.read())
    })
    await detach(large)
  })

  test.for([
    [1, 1],
    [1000, 500],
  ])('a terminal of %i columns and %i rows is one', async ([columns = 0, rows = 0]) => {
    const name = `size-${columns}`
    await makeShell(name)
    const attached = await call(['attach', name], { columns, rows })
    await using terminal = attached.terminal
    const file = path.join(folder, name)
    await waitFor('it to be at its size', async () => {
      await typeLine(terminal, `stty size > ${file}`)
      return readOr(file) === `${rows} ${columns}\n`
    })
    await terminal.press('C-]')
    // What it says can't be read in one column.
    await waitFor('the end', () => attached.settings().after !== '')
    const { before, after } = attached.settings()
    expect(after).toBe(before)
  })
})

describe('whoever is at a terminal', () => {
  test('is back by themselves when the daemon died, and sees what happened meanwhile', async () => {
    await makeShell('kept')
    const attached = await attach('kept')
    await using terminal = attached.terminal
    await typeLine(
      terminal,
      String.raw`printf '\e[?1000h'; clear; sleep 1.5; echo "after $((3 * 3))"`,
    )
    await waitFor('the mouse', async () => (await terminal.ask('#{mouse_any_flag}')) === '1')
    await daemon.kill()
    await terminal.waitFor('the daemon is away')
    expect(await terminal.ask(terminalModes)).toBe(plainTerminal)
    await daemon.start()
    await terminal.waitFor('after 9')
    await waitFor('the mouse again', async () => (await terminal.ask('#{mouse_any_flag}')) === '1')
    await typeLine(terminal, 'echo "and $((4 * 4))"')
    await terminal.waitFor('and 16')

    await daemon.kill()
    await terminal.waitFor('the daemon is away')
    await terminal.press('C-c')
    await terminal.waitFor('detached; kept goes on.')
    await hasEnded(attached)
    expect(attached.settings().after).toBe(attached.settings().before)
    await daemon.start()
  })

  test('is told that the agent fell asleep, and why; attaching again wakes it', async () => {
    await makeShell('sleeper')
    const attached = await attach('sleeper')
    await using terminal = attached.terminal
    await typeLine(terminal, 'echo "here $((5 * 5))"')
    await terminal.waitFor('here 25')
    await daemon.client.sleep('sleeper', up)
    await terminal.waitFor('sleeper is asleep. `drover attach` wakes it.')
    await hasEnded(attached)
    expect(await terminal.read()).toContain('here 25')
    expect(attached.settings().after).toBe(attached.settings().before)

    const again = await attach('sleeper')
    await using next = again.terminal
    await typeLine(next, 'exit 3')
    await next.waitFor('sleeper is asleep: last run failed: exit code 3.')
    await hasEnded(again)
  })

  test('stays while a restart brings it up anew', async () => {
    await makeShell('restarted')
    const attached = await attach('restarted')
    await using terminal = attached.terminal
    await typeLine(terminal, 'mark=first')
    await daemon.client.restart('restarted', up)
    await waitFor('the next shell', async () => {
      await typeLine(terminal, 'echo "mark: $mark."')
      return (await terminal.read()).includes('\nmark: .')
    })
    await detach(attached)
  })

  test('is told that it was removed', async () => {
    await makeShell('removed')
    const attached = await attach('removed')
    await using terminal = attached.terminal
    await daemon.client.remove('removed', { force: true, ...up })
    await terminal.waitFor('removed was removed.')
    await hasEnded(attached, 3)
  })

  test.for(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    'leaves no broken terminal behind when it is ended by %s',
    async (signal) => {
      const name = signal.toLowerCase()
      await makeShell(name)
      const attached = await attach(name)
      await using terminal = attached.terminal
      await typeLine(terminal, String.raw`printf '\e[?1049h\e[?1003h\e[?25l'`)
      await waitFor('modes', async () => (await terminal.ask(terminalModes)) === '1010000 01 0')
      process.kill(attached.pid(), signal)
      await waitFor('the end', async () => (await terminal.exitCode()) !== null)
      expect(await terminal.ask(terminalModes)).toBe(plainTerminal)
      expect(attached.settings().after).toBe(attached.settings().before)
      expect(await daemon.client.show(name)).toMatchObject({ status: 'idle' })
    },
  )
})

describe('attach', () => {
  test('brings a sleeping agent up in another runtime, and goes to its terminal', async () => {
    const { client } = daemon
    const program = ['/bin/bash', '--norc', '--noprofile']
    await client.run({ template: 'command', name: 'mover', program, dir: folder }, up)
    const refused = await runDrover(['attach', 'mover', '--in', 'tmux', '--json'], daemon)
    expect([refused.code, problemOf(refused).code]).toEqual([4, 'agent_awake'])
    await client.sleep('mover', up)
    const attached = await attach('mover', { args: ['--in', 'tmux'] })
    await using terminal = attached.terminal
    await typeLine(terminal, 'test -t 0 && echo "at a terminal, $((6 * 7))"')
    await terminal.waitFor('at a terminal, 42')
    await detach(attached)
    expect(await client.show('mover')).toMatchObject({ runtime: 'tmux', status: 'idle' })
  })

  test('is a conversation with an agent that has no terminal, unless a terminal was asked for', async () => {
    const { client } = daemon
    await client.run({ template: 'command', name: 'headless', program: ['cat'] }, up)
    await using terminal = (await call(['attach', 'headless'])).terminal
    await terminal.waitFor('you ›')
    const wanted = await call(['attach', 'headless', '--terminal'])
    await using refused = wanted.terminal
    await refused.waitFor('headless has no terminal.')
    await refused.waitFor('drover wake NAME --in tmux')
    await hasEnded(wanted, 4)
  })

  test('is a conversation where that is asked for, and where input or output is no terminal', async () => {
    await daemon.client.run(
      {
        template: 'command',
        name: 'repeater',
        program: ['/bin/sh', '-c', 'while read -r line; do echo "it heard $line"; done'],
        runtime: 'tmux',
      },
      up,
    )
    const { code, stdout, stderr } = await runDrover(['attach', 'repeater'], {
      env: daemon.env,
      input: 'one\n',
    })
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'it heard one\n',
      stderr: '',
    })
    await using terminal = (await call(['attach', 'repeater', '--conversation'])).terminal
    await terminal.waitFor('you ›')
    await typeLine(terminal, 'three')
    await terminal.waitFor('repeater › it heard three')
    for (const option of ['--terminal', '--read-only']) {
      const piped = await runDrover(['attach', 'repeater', option], { env: daemon.env, input: '' })
      expect([piped.code, piped.stderr]).toEqual([2, expect.stringContaining(option)])
    }
    const dumb = await call(['attach', 'repeater', '--terminal'], { env: { TERM: 'dumb' } })
    await using other = dumb.terminal
    await hasEnded(dumb, 2)
    expect(await other.read()).toContain('--terminal: needs a terminal')
  })

  test('prints an address for a browser', async () => {
    await makeShell('paged')
    const { code, stdout } = await runDrover(['attach', 'paged', '--url'], daemon)
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\S+#\S+\n$/) as string,
    })
  })
})

function withoutSize(settings: string): string {
  return settings.replace(/rows \d+; columns \d+/, '')
}
