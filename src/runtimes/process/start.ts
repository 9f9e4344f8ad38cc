import type { Launch } from '../contract.ts'
import type { HolderHandle } from '../holder/handle.ts'
import { holderCommand, spawnHolder } from '../holder/start-holder.ts'
import type { SpareShells } from './spare-shells.ts'

/** Starts the holder in a session of its own, from a spare shell if there is one. Errors: `start_failed`. */
export async function startHolder(launch: Launch, spares: SpareShells): Promise<HolderHandle> {
  const command = holderCommand(launch)
  const spare = await spares.use(command)
  return { v: 1, ...(spare ?? (await spawnHolder(command))) }
}
