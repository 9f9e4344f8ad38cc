import { setTimeout } from 'node:timers/promises'
import type { Use, Work } from '../contract.ts'
import { livenessOf } from './container-watch.ts'
import type { EngineLink } from './engine-link.ts'
import type { DockerHandle } from './handle.ts'
import { readCounts, type Counts } from './read-counts.ts'

/** Of how long the use of the processor is told, ms. */
const spanMs = 100

/** What a container uses right now; null where that life of it is over. */
export async function measureUse(
  link: EngineLink,
  handle: DockerHandle,
  signal: AbortSignal,
): Promise<Use | null> {
  const { container } = handle
  if (livenessOf(await link.life(container, signal), handle) !== 'alive') {
    return null
  }
  const first = await readCounts(handle)
  if (!first) {
    const engine = await link.engine(signal)
    const { cpuPercent, ...rest } = await engine.stats(container, signal)
    return toUse(rest, cpuPercent)
  }
  const beganAt = performance.now()
  await setTimeout(spanMs, undefined, { signal })
  const last = await readCounts(handle)
  const passedNs = (performance.now() - beganAt) * 1e6
  return last && toUse(last, ((last.cpuNs - first.cpuNs) / passedNs) * 100)
}

function toUse({ memoryBytes, memoryLimitBytes, pids }: Counts, cpuPercent: number | null): Use {
  return { memoryBytes, memoryLimitBytes, cpuPercent, pids }
}

/** What is done inside; null for one that is frozen: it can do nothing. */
export async function measureWork(
  link: EngineLink,
  handle: DockerHandle,
  signal: AbortSignal,
): Promise<Work | null> {
  const { container } = handle
  const life = await link.life(container, signal)
  if (life.isPaused || livenessOf(life, handle) !== 'alive') {
    return null
  }
  const engine = await link.engine(signal)
  const processes = (await engine.top(container, signal)).map(({ pid }) => `${container}:${pid}`)
  const { cpuNs } = (await readCounts(handle)) ?? (await engine.stats(container, signal))
  return { processes: processes.toSorted(), cpuMs: cpuNs / 1e6 }
}
