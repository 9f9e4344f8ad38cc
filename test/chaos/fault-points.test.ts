import { describe, test } from 'vitest'
import { agentFaultPoints } from '../../src/daemon/fault-point.ts'
import { playCrash } from '../support/crash-story.ts'

/** The second pass of those that the second message, or the second run, goes through too. */
const passes = [
  ...agentFaultPoints,
  'request-committed:2',
  'input-assigned:2',
  'input-appended:2',
  'input-rung:2',
  'input-recorded:2',
  'output-committed:2',
  'run-spawned:2',
]

describe.concurrent('a daemon that is killed', { timeout: 60_000 }, () => {
  test.each(passes)('at %s takes every message in once, and leaves nothing', async (fault) => {
    await playCrash({ fault })
  })
})
