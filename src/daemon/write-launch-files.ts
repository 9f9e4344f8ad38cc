import path from 'node:path'
import type { ProviderLaunch } from '../providers/contract.ts'
import { DroverError } from '../schema/error.ts'
import { createFoldersInside, isNotPlain, requirePlainBelow } from '../util/plain-file.ts'
import { createPrivateFolder, writePrivateFile } from '../util/private-file.ts'
import type { AgentFolders } from './context.ts'

/**
 * Writes what a program reads at its start. In folders of the agent's own its program may have put
 * links; what a provider read there to write it anew would come from elsewhere, so then nothing is
 * written. Errors: `start_failed`.
 */
export function writeLaunchFiles(folders: AgentFolders, files: ProviderLaunch['files']): void {
  for (const file of files) {
    makeRoom(folders, file.path)
  }
  for (const file of files) {
    writePrivateFile(file.path, file.content)
  }
}

/** Makes the folders of a file that is to be written, and looks at what is in its way. Errors: `start_failed`. */
export function makeRoom({ state, home, work }: AgentFolders, file: string): void {
  const own = [state, home, work].find((folder) => file.startsWith(path.join(folder, path.sep)))
  if (own === undefined) {
    return createPrivateFolder(path.dirname(file))
  }
  try {
    createPrivateFolder(own)
    createFoldersInside(own, file)
    requirePlainBelow(own, file)
  } catch (error) {
    if (!isNotPlain(error)) {
      throw error
    }
    const text = `${(error as Error).message} Remove it, so that the agent can start.`
    throw new DroverError('start_failed', text, { cause: error, details: { file } })
  }
}
