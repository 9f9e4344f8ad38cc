import { statSync } from 'node:fs'
import path from 'node:path'
import type { BoxNetwork, BoxWish } from '../runtimes/box.ts'
import type { Runtime } from '../runtimes/contract.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { createPrivateFolder } from '../util/private-file.ts'
import { agentFolders, agentReference, type DaemonContext } from './context.ts'

/** Whose box it is, and what its launch needs in it. */
export interface BoxNeeds {
  agentId: string
  spec: AgentSpec
  /** What its program needs beside its state folder. */
  folders: readonly string[]
  network: BoxNetwork
  /** Files that were written for its launch, absolute. */
  files: readonly string[]
}

/** What an agent's box is made of; undefined where its runtime has none. Makes the folders that it is to see. */
export function boxWish(
  context: Pick<DaemonContext, 'home' | 'store'>,
  runtime: Pick<Runtime, 'capabilities'>,
  { agentId, spec, folders, files, network }: BoxNeeds,
): BoxWish | undefined {
  if (!runtime.capabilities.elsewhere || !spec.container) {
    return undefined
  }
  const { state, home, work } = agentFolders(context, agentId)
  createPrivateFolder(state)
  createPrivateFolder(home)
  const own = [state, ...(spec.dir === work ? [work] : [])]
  return {
    agent: agentReference(context, agentId),
    container: spec.container,
    // In one that is there already its user has a home, mostly.
    ownFolders: spec.container.name === undefined ? [...own, home] : own,
    folders: [...workFolders(spec), ...spec.addDirs, ...folders],
    readOnlyFolders: [],
    home: spec.container.home ?? home,
    network,
    files,
  }
}

/** Of a worktree also what git keeps of it in its repository. */
function workFolders({ dir, worktree }: AgentSpec): string[] {
  if (!worktree) {
    return [dir]
  }
  const own = path.join(worktree.repository, '.git')
  const isFolder = statSync(own, { throwIfNoEntry: false })?.isDirectory() === true
  return [worktree.folder, isFolder ? own : worktree.repository]
}
