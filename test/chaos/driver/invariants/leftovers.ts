import { hadFullDisk } from '../world.ts'
import type { Invariant } from './invariant.ts'

export const leftoverInvariants: readonly Invariant[] = [
  {
    name: 'a half-written file is gone with the next start',
    // What an agent reads at its start is written anew at its next one.
    check: (_, { drafts }) =>
      drafts
        .filter((file) => !/^agents\/[^/]+\/state\/[a-z]+\.json\.new$/.test(file))
        .map((file) => `${file} is left over`),
  },
  {
    name: 'the daemon logs no error, but for a full disk',
    check: (world, { logErrors }) => (hadFullDisk(world) ? [] : logErrors.slice(0, 5)),
  },
]
