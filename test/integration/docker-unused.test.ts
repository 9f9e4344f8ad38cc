import { expect, test } from 'vitest'
import { startTestDaemon } from '../support/daemon.ts'
import { EngineDoor } from '../support/engine-door.ts'

test('a home that never had an agent in a container asks no engine for anything', async () => {
  await using door = await EngineDoor.open(null)
  await using daemon = await startTestDaemon({ env: { DOCKER_HOST: door.host }, isLeftClean: true })
  const { client } = daemon
  const up = { waitSeconds: 20 }
  await client.run({ template: 'command', name: 'a', program: ['/bin/cat'], prompt: 'x' }, up)
  await daemon.restart()
  await client.reconcile()
  await client.remove('a', { force: true, ...up })
  await client.run({ template: 'command', name: 'b', program: ['/bin/cat'], prompt: 'x' }, up)
  await client.stop('b', up)
  await client.shutdown({ agents: true, deadlineMs: 20_000 })
  await daemon.exited
  expect(door.visits).toBe(0)
  await daemon.start()
  // One that is asked about it does look.
  await client.doctor()
  expect(door.visits).toBeGreaterThan(0)
})
