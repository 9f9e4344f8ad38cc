import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect } from 'vitest'
import { guestFaultPoints } from '../../src/daemon/fault-point.ts'
import type { Guest } from '../../src/schema/guest.ts'
import { findMarkedProcesses } from '../../src/util/process-identity.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { insist } from '../support/insist.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const testAtTerminal = requireOrSkip('tmux', hasProgram('tmux'))

/** Writes down under which id it was started. */
const program = ['/bin/sh', '-c', 'echo "$DROVER_RUN" >>started; exec sleep 1000']

describe.concurrent('a daemon that is killed', { timeout: 60_000 }, () => {
  testAtTerminal.each(guestFaultPoints)(
    'at %s keeps the guest that came up, starts none twice, and leaves nothing of those that end',
    async (fault) => {
      using folder = temporaryFolder()
      await using daemon = await startTestDaemon({
        env: { DROVER_FAULT: fault },
        isLeftClean: true,
      })
      const { client } = daemon
      const first = daemon.exited
      const ask = async <T>(request: () => Promise<T>): Promise<T> =>
        await insist(async () => {
          await daemon.exited
          await daemon.start({ env: {} })
        }, request)
      const agent = { template: 'command', program: ['cat'], name: 'a', dir: folder.path }
      await client.run(agent, { waitSeconds: 20 })
      // One whose answer is lost may be there all the same: so it is looked for, as a person would.
      const guest = await ask(async (): Promise<Guest> => {
        const [found] = await settled()
        return found ?? (await client.guests.open('a', { program }))
      })
      const file = path.join(folder.path, 'started')
      const started = (): string[] =>
        existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
      await waitFor('it to come up', () => started().includes(guest.id))
      expect(await settled()).toEqual([{ ...guest, state: 'running' }])
      expect((await findMarkedProcesses(`DROVER_RUN=${guest.id}`)).length).toBeGreaterThan(0)

      await ask(async () => {
        await client.guests.end(guest.id, { waitSeconds: 20 }).catch(unlessGone)
        expect(await client.guests.list()).toEqual([])
      })
      expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
      expect(started()).toEqual([...new Set(started())])
      const events = await readEvents(client)
      const told = (type: string): unknown[] =>
        events.filter((event) => event.type === type).map(({ data }) => data['id'])
      expect(told('guest.started')).toEqual([guest.id])
      expect(told('guest.ended').filter((id) => id === guest.id)).toEqual([guest.id])
      expect(new Set(told('guest.ended')).size).toBe(told('guest.ended').length)
      expect(readdirSync(daemon.home.guestsFolder)).toEqual([])
      await client.remove('a', { force: true, waitSeconds: 20 })

      /** The guests there are, once it is known what became of each. */
      async function settled(): Promise<Guest[]> {
        let guests: Guest[] = []
        await ask(
          async () =>
            await waitFor('all to be found', async () => {
              guests = await client.guests.list()
              return guests.every(({ state }) => state === 'running')
            }),
        )
        return guests
      }
    },
  )
})

function unlessGone(error: { code?: string }): void {
  if (error.code !== 'guest_not_found') {
    throw error
  }
}
