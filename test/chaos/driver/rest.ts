import { setTimeout as sleep } from 'node:timers/promises'
import { isUnreachable } from '../../../src/client/resuming-stream.ts'
import type { Evidence } from './evidence.ts'
import { brokenInvariants } from './invariants/index.ts'
import { Violation } from './report.ts'
import { unsettled } from './settled.ts'
import type { Theatre } from './theatre.ts'

/** The longest that agents may take to come to rest: the daemon looks at its runs every 5 s. */
const restMs = 60_000

/**
 * What does not hold at one look must not hold at the next ones either to be broken: a program may say
 * something slowly between one part of a look and another.
 */
const nextLookMs = 500
const mostLooks = 4

/** Waits until nothing moves, then checks every invariant. Throws a Violation. */
export async function comeToRest(theatre: Theatre): Promise<Evidence> {
  const { world } = theatre.stage
  let evidence = await awaitRest(theatre)
  let broken = brokenInvariants(world, evidence)
  for (let looks = 1; broken.length > 0 && looks < mostLooks; looks++) {
    await sleep(nextLookMs)
    evidence = await awaitRest(theatre)
    broken = brokenInvariants(world, evidence)
  }
  const [first] = broken
  if (first) {
    const findings = broken.flatMap((each) =>
      each === first ? each.findings : [`also: ${each.invariant}`, ...each.findings],
    )
    throw new Violation(first.invariant, findings)
  }
  await checkFollower(theatre, evidence)
  return evidence
}

async function awaitRest({ stage, observer }: Theatre): Promise<Evidence> {
  const end = performance.now() + restMs
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 250)) {
    stage.signal.throwIfAborted()
    try {
      const evidence = await observer.look(stage.world)
      const moving = unsettled(stage.world, evidence)
      if (moving.length === 0) {
        return evidence
      }
      if (performance.now() > end) {
        throw new Violation('all comes to rest', [`not after ${restMs} ms:`, ...moving])
      }
    } catch (error) {
      if (!isUnreachable(error) || performance.now() > end) {
        throw error
      }
    }
    await sleep(pauseMs)
  }
}

/** One who followed all the time saw what one who reads it now does. */
async function checkFollower({ follower }: Theatre, { events }: Evidence): Promise<void> {
  const last = events.at(-1)?.seq ?? 0
  const end = performance.now() + restMs
  while ((follower.seen.at(-1)?.seq ?? 0) < last && performance.now() < end) {
    await sleep(10)
  }
  const wrong = events.findIndex(
    (event, index) => JSON.stringify(event) !== JSON.stringify(follower.seen[index]),
  )
  if (wrong >= 0) {
    throw new Violation('one who follows misses nothing and sees nothing twice', [
      `read: ${JSON.stringify(events[wrong])}`,
      `followed: ${JSON.stringify(follower.seen[wrong])}`,
    ])
  }
}
