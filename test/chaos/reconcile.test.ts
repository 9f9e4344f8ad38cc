import { expect, test } from 'vitest'
import { orphanFaultPoints } from '../../src/daemon/fault-point.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { startMarked } from '../support/marked-process.ts'

test.each(orphanFaultPoints)(
  'a daemon that is killed at %s has ended the orphan, or the next one does',
  async (fault) => {
    await using daemon = await startTestDaemon({ env: { DROVER_FAULT: fault }, isLeftClean: true })
    const { client } = daemon
    const { run } = await client.run(
      { template: 'command', name: 'a', program: ['/bin/cat'] },
      { waitSeconds: 20 },
    )
    using orphan = await startMarked(daemon.status.instance)
    await expect(client.reconcile()).rejects.toMatchObject({ code: 'daemon_unreachable' })
    expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await daemon.start({ env: {} })
    expect(await orphan.ended).toEqual([null, 'SIGKILL'])
    expect(daemon.status.recovered).toMatchObject({
      adopted: 1,
      orphans: fault === 'orphans-reported' ? 1 : 0,
    })
    expect(await client.show('a')).toMatchObject({ status: 'idle', run })
    const events = await readEvents(client)
    expectGapless(events)
    expect(events.filter(({ type }) => type === 'daemon.reconciled')).toHaveLength(1)
    await client.sleep('a', { waitSeconds: 20 })
  },
)
