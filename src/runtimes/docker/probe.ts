import { DroverError } from '../../schema/error.ts'
import type { Probe } from '../contract.ts'
import type { EngineFacts } from './engine/facts.ts'
import type { EngineLink } from './engine-link.ts'
import type { Walls } from './walls/walls.ts'

/** Whether there is an engine that can be used, and what it is. */
export async function probeDocker(
  link: EngineLink,
  walls: Walls,
  signal: AbortSignal,
): Promise<Probe> {
  try {
    const engine = await link.engine(signal)
    await engine.ping(signal)
    requireLocal(engine.facts)
    const networks = await describeNetworks(engine.facts, walls, signal)
    return {
      usable: true,
      detail: `${describeEngine(engine.facts)}; networks: ${networks}`,
      hint: null,
    }
  } catch (error) {
    if (error instanceof DroverError) {
      return { usable: false, detail: error.message.replace(/\.$/, ''), hint: error.row.hint }
    }
    throw error
  }
}

async function describeNetworks(
  { isRootless }: EngineFacts,
  walls: Walls,
  signal: AbortSignal,
): Promise<string> {
  if (isRootless) {
    return 'full, none'
  }
  const problem = await walls.problem(signal)
  return problem === null
    ? 'full, none, local, allow'
    : `full, none; local and allow only with gateway.preparedPort, since ${problem}`
}

/** Errors: `engine_unfit`, for an engine that can't see this machine's folders. */
export function requireLocal({ isLocal, address }: EngineFacts): void {
  if (!isLocal) {
    throw new DroverError(
      'engine_unfit',
      `The engine at ${address} is on another machine, and agents' folders are here: run a Drover daemon there, or name an engine of this machine with DOCKER_HOST.`,
    )
  }
}

function describeEngine(facts: EngineFacts): string {
  const { kind, version, isRootless, cgroupVersion, storageDriver, canLimit } = facts
  const kept = Object.entries(canLimit)
    .filter(([, can]) => can)
    .map(([name]) => name)
  return [
    `${kind === 'podman' ? 'Podman' : 'Docker'} ${version}${isRootless ? ', rootless' : ''}`,
    `cgroup v${cgroupVersion}`,
    storageDriver,
    `limits: ${kept.length > 0 ? kept.join(', ') : 'none'}`,
  ].join('; ')
}
