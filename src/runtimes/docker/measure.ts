import { setTimeout } from 'node:timers/promises'
import type { Use, Work } from '../contract.ts'
import { livenessOf } from './container-watch.ts'
import type { EngineLink } from './engine-link.ts'
import type { DockerHandle } from './handle.ts'

/** Of how long the use of the processor is told, ms. */
const spanMs = 200

/** What a container uses right now; null where that life of it is over. Takes `spanMs` and two calls. */
export async function measureUse(
  link: EngineLink,
  handle: DockerHandle,
  signal: AbortSignal,
): Promise<Use | null> {
  const { container } = handle
  const engine = await link.engine(signal)
  await engine.stats(container, signal)
  await setTimeout(spanMs, undefined, { signal })
  const { memoryBytes, memoryLimitBytes, cpuPercent, pids } = await engine.stats(container, signal)
  return livenessOf(await link.life(container, signal), handle) === 'alive'
    ? { memoryBytes, memoryLimitBytes, cpuPercent, pids }
    : null
}

/** What is done inside, by the engine's own count; null for one that is frozen: it can do nothing. */
export async function measureWork(
  link: EngineLink,
  handle: DockerHandle,
  signal: AbortSignal,
): Promise<Work | null> {
  const { container } = handle
  const engine = await link.engine(signal)
  const processes = (await engine.top(container, signal)).map(({ pid }) => `${container}:${pid}`)
  const { cpuNs } = await engine.stats(container, signal)
  const life = await link.life(container, signal)
  return life.isPaused || livenessOf(life, handle) !== 'alive'
    ? null
    : { processes: processes.toSorted(), cpuMs: cpuNs / 1e6 }
}
