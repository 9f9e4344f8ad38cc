import { hadFullDisk } from '../world.ts'
import { repeated, type Invariant } from './invariant.ts'

/** What has no answer is untouched, or tried again, and the log says so. */
const isOutage = (line: string): boolean =>
  /"msg":"(a runtime could not be asked|a run could not be asked for)"/.test(line) ||
  (/"msg":"a step failed; trying again"/.test(line) && /"code":"engine_/.test(line))

export const leftoverInvariants: readonly Invariant[] = [
  {
    name: 'a container belongs to an agent that is there, and is its only one',
    check: (_, { boxes, agents }) => {
      const there = new Set([...agents.values()].map(({ id }) => id))
      const owners = boxes.map(({ agent }) => agent)
      return [
        ...owners.filter((agent) => !there.has(agent)).map((agent) => `${agent} is gone`),
        ...repeated(owners).map((agent) => `${agent} has several`),
      ]
    },
  },
  {
    name: 'a half-written file is gone with the next start',
    // What an agent reads at its start is written anew at its next one.
    check: (_, { drafts }) =>
      drafts
        .filter((file) => !/^agents\/[^/]+\/(state\/[a-z]+\.json|box\/run)\.new$/.test(file))
        .map((file) => `${file} is left over`),
  },
  {
    name: 'the daemon logs no error, but for a full disk, or of what was struck itself',
    check: (world, { logErrors }) =>
      hadFullDisk(world)
        ? []
        : logErrors.filter((line) => !(world.hadOutage && isOutage(line))).slice(0, 5),
  },
]
