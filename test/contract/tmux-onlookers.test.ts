import { execFile } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const run = promisify(execFile)
const dying = fileURLToPath(new URL('../fixtures/dying-onlooker.ts', import.meta.url))

requireOrSkip('tmux', hasProgram('tmux'))(
  'a tmux server lives on though daemons die at it again and again while people look, and goes when nobody needs it',
  { timeout: 90_000 },
  async () => {
    using folder = temporaryFolder()
    const socket = path.join(folder.path, 'tmux.sock')
    const pidOf = async (): Promise<string> => {
      const { stdout } = await run('tmux', ['-S', socket, 'display-message', '-p', '#{pid}'])
      return stdout
    }
    // One may be too late to have asked for anything; another one comes.
    const die = async (): Promise<void> => {
      await run(process.execPath, [dying, socket, 'looked-at']).catch(() => undefined)
    }
    await die()
    const first = await pidOf()
    for (let round = 0; round < 25; round++) {
      await die()
      expect([round, await pidOf()]).toEqual([round, first])
    }
    await run('tmux', ['-S', socket, 'kill-session', '-t', '=looked-at'])
    await waitFor('the server to end', async () => (await pidOf().catch(() => null)) === null)
  },
)
