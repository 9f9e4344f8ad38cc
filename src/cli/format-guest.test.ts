import { expect, test } from 'vitest'
import type { Guest } from '../schema/guest.ts'
import { formatGuestBrief } from './format-guest.ts'

const now = 1_000_000
const guest: Guest = {
  id: 'guest_1',
  agent: 'a',
  state: 'running',
  cause: null,
  program: ['/bin/sh', '-c', 'top\u001b[2J'],
  dir: '/home/ada',
  runtime: 'tmux',
  createdAt: now,
  expiresAt: now + 2_400_000,
}

test.for<[Partial<Guest>, string]>([
  [{}, 'guest_1  /bin/sh -c top, ends in 40m'],
  [{ state: 'unknown' }, "guest_1  /bin/sh -c top, ends in 40m, its runtime can't be asked"],
  [
    { state: 'ending', cause: 'its time was over' },
    'guest_1  /bin/sh -c top, is being ended: its time was over',
  ],
])('a guest that is %j is told in one line', ([changes, line]) => {
  expect(formatGuestBrief({ ...guest, ...changes }, now)).toBe(line)
})
