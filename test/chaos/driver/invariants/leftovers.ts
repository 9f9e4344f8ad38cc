import type { Invariant } from './invariant.ts'

export const leftoverInvariants: readonly Invariant[] = [
  {
    name: 'no half-written file is left',
    check: (_, { drafts }) => drafts.map((file) => `${file} is left over`),
  },
  {
    name: 'the daemon logs no error, but for a full disk',
    check: ({ hadFullDisk }, { logErrors }) => (hadFullDisk ? [] : logErrors.slice(0, 5)),
  },
]
