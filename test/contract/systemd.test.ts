import { afterAll, beforeAll, describe, expect } from 'vitest'
import { SystemdMachine, testWithSystemd, type MachineUser } from '../support/systemd-machine.ts'

/** All of it inside, on a machine that is busy with other tests, ms. */
const deadlineMs = 480_000

/**
 * The tests of `test/inside/` need a machine whose PID 1 is systemd, so they run in a container. What
 * comes of them counts here: one that fails, or that none ran, is a failure.
 */
describe('on a machine with systemd', () => {
  let machine: SystemdMachine
  beforeAll(async () => {
    machine = await SystemdMachine.start()
  })
  afterAll(async () => await machine?.[Symbol.asyncDispose]())

  const passes = async (user: MachineUser, files: string[]): Promise<void> => {
    const { passed, skipped, failed } = await machine.runTests(files, { user, deadlineMs })
    console.log(
      [`as ${user}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped`]
        .concat(skipped.map((title) => `  skipped: ${title}`))
        .join('\n'),
    )
    expect(failed.join('\n\n')).toBe('')
    expect(passed).toBeGreaterThan(0)
  }

  const files = [
    'runtime-systemd',
    'systemd-units',
    'systemd-agent',
    'service',
    'always-on',
    'chaos',
  ]

  testWithSystemd.concurrent(
    'the runtime passes its suite and the daemon is a service under the system manager, as root',
    async () => await passes('root', files),
    deadlineMs,
  )

  testWithSystemd.concurrent(
    'the same under a user manager, with no rights',
    async () => await passes('ada', files),
    deadlineMs,
  )
})
