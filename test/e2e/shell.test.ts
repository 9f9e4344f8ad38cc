import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Guest } from '../../src/schema/guest.ts'
import { detach, goToTerminal, hasEnded, typeLine } from '../support/attached-terminal.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const test = requireOrSkip('tmux', hasProgram('tmux'))
const shell = ['/bin/bash', '--norc', '--noprofile']

let daemon: TestDaemon
let folder: string
beforeAll(async () => {
  // A machine that is busy with other tests is no reason to wait.
  const admission = { cpuPressure: 100, memoryPressure: 100 }
  daemon = await startTestDaemon({ isLeftClean: true, config: { admission } })
  folder = createTemporaryFolder()
  const place = { runtime: 'tmux', dir: folder, env: { BESIDE: 'it' } }
  await daemon.client.run({ template: 'command', name: 'agent', program: ['cat'], ...place }, up)
})
afterAll(async () => {
  await using last = daemon
  await last.client.remove('agent', { force: true, ...up })
  rmSync(folder, { recursive: true, force: true })
})

const list = async (): Promise<Guest[]> => await daemon.client.guests.list()
const drover = async (...args: string[]): ReturnType<typeof runDrover> =>
  await runDrover(args, { env: daemon.env })

describe('drover shell', () => {
  test('opens a terminal in the folder and environment of an agent, which goes on for who leaves, and can be come back to', async () => {
    const first = await goToTerminal(daemon, ['shell', 'agent', '--ttl', '2m', '--', ...shell], {
      cwd: folder,
      columns: 200,
    })
    await using terminal = first.terminal
    expect(await terminal.ask('#{pane_title}')).toBe('shell beside agent · Ctrl-] leaves')
    await typeLine(terminal, 'kept=$((6 * 7)); echo "in $PWD, beside $BESIDE"')
    await terminal.waitFor(`in ${folder}, beside it`)
    const [guest] = await list()
    expect(guest).toMatchObject({ agent: 'agent', state: 'running', program: shell, dir: folder })
    const id = guest?.id ?? ''
    await detach(first)
    expect(await terminal.read()).toContain(
      `detached; it ends in 1m; \`drover shell --attach ${id}\` comes back.`,
    )
    expect(first.settings().after).toBe(first.settings().before)

    const { stdout } = await drover('shell', '--list')
    expect(stdout).toMatch(/^ID +AGENT +STATE +PROGRAM +DIR +ENDS\n/)
    expect(stdout).toContain(id)

    const again = await goToTerminal(daemon, ['shell', '--attach', id], { cwd: folder })
    await using next = again.terminal
    await typeLine(next, 'echo "kept: $kept"')
    await next.waitFor('kept: 42')
    await daemon.restart()
    // What is typed before they are back is for nobody.
    await waitFor('them to be back', async () => {
      await typeLine(next, 'echo "still: $kept"')
      return (await next.read()).includes('still: 42')
    })
    await typeLine(next, 'exit')
    await next.waitFor('the shell is gone: its program ended')
    await hasEnded(again)
    await waitFor('it to be gone', async () => (await list()).length === 0)
    expect(await daemon.client.show('agent')).toMatchObject({ status: 'idle' })
  })

  test('makes one without going there where that is wanted, or there is no terminal; and ends it', async () => {
    const made = await drover('shell', 'agent', '--json', '--', ...shell)
    const { id } = JSON.parse(made.stdout) as Guest
    const piped = await drover('shell', 'agent', '--', ...shell)
    expect(piped.stdout).toMatch(
      /^guest_\S+ {2}\/bin\/bash --norc --noprofile beside agent {2}ends in/,
    )
    const attached = await drover('shell', '--attach', id)
    expect([attached.code, attached.stderr]).toEqual([2, expect.stringContaining('--attach')])
    for (const guest of await list()) {
      const { code, stdout } = await drover('shell', '--end', guest.id)
      expect([code, stdout]).toEqual([0, `${guest.id}  ended\n`])
    }
    expect((await drover('shell', '--list')).stdout).toContain('No guests.')
  })

  test.for([
    [['agent', '--ttl', '1s'], 2, 'ttl'],
    [['agent', '--ttl', '365d'], 2, 'ttl'],
    [['agent', '--ttl', '-1'], 2, 'ttl'],
    [['nobody'], 3, '"nobody"'],
    [['--end', 'guest_none'], 3, 'guest_none'],
    [['--attach', 'guest_none'], 3, 'guest_none'],
    [['agent', '--dir', '/'], 2, 'dir'],
    [['agent', '--end', 'x'], 2, '--end'],
    [['--list', '--', 'sh'], 2, '--list'],
    [[], 2, 'name the agent'],
  ] as const)('refuses %j', async ([args, code, text]) => {
    const refused = await drover('shell', '--json', ...args)
    expect(refused.code).toBe(code)
    expect(problemOf(refused).detail).toContain(text)
    expect(await list()).toEqual([])
  })
})
