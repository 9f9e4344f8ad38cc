import { expect, test } from 'vitest'
import { doorFaultPoints } from '../../src/daemon/fault-point.ts'
import { waitFor } from '../support/wait-for.ts'
import { startWalled, startWalledDaemon } from '../support/walled-daemon.ts'

test.each(doorFaultPoints)(
  'a daemon that dies at %s leaves an agent that comes up, and one door',
  async (point) => {
    await using daemon = await startWalledDaemon({ env: { DROVER_FAULT: point } })
    const { client } = daemon
    const network = 'local' as const
    const request = { template: 'command', name: 'a', network, program: ['/bin/cat'] }
    await client.run(request).catch(() => undefined)
    expect(await daemon.exited).toMatchObject({ signal: 'SIGKILL' })
    await daemon.start({ env: {} })
    await waitFor('it to be up', async () => (await client.show('a')).status === 'idle')
    const [b, c] = [
      await startWalled(daemon, 'b', network),
      await startWalled(daemon, 'c', network),
    ]
    expect(b.door).toEqual(c.door)
    await daemon.kill()
    await daemon.start({ env: {} })
    expect(JSON.parse((await b.api('/v1/agents')).text)).toHaveLength(3)
  },
)
