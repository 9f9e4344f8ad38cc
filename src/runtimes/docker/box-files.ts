import {
  chmodSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { writePlainFile } from '../../util/plain-file.ts'
import { createPrivateFolder } from '../../util/private-file.ts'
import type { AgentReference, BoxWish } from '../box.ts'
import type { Launch, RunReference } from '../contract.ts'
import { checkExportable } from '../holder/become-file.ts'
import { markOf } from '../holder/marks.ts'
import { encodeLaunchLines } from '../launch-lines.ts'
import { boxRunFolder } from '../run-folder.ts'
import { guestsFolder } from './guests/guest-files.ts'
import { encodeTmuxConfig, socketFile, tmuxConfigFile } from './terminal/tmux-config.ts'

/**
 * Where a container finds its run: a link outside, whose target is mounted under the link's own name
 * at each start. So one container serves one run after the other, and sees no run but its own.
 */
export function runLink({ folder }: Pick<AgentReference, 'folder'>): string {
  return boxRunFolder(folder)
}

/** The run's file that says what to begin. */
export function launchFile(run: RunReference): string {
  return path.join(run.folder, 'launch')
}

/** The run's file that names the place inside where the system counts whom it ended for want of memory. */
export function killsFile(run: Pick<RunReference, 'folder'>): string {
  return path.join(run.folder, 'kills')
}

/** It is there when the program failed and the system had ended something inside for want of memory. */
export function oomFile(run: Pick<RunReference, 'folder'>): string {
  return path.join(run.folder, 'oom')
}

/** Resolver of programs that are kept from the network: there is none, as they are told at once. */
export function resolverFile({ folder }: Pick<AgentReference, 'folder'>): string {
  return path.join(folder, 'resolv.conf')
}

export function isWalled({ network }: Pick<BoxWish, 'network'>): boolean {
  return network !== undefined && network.policy !== 'full' && network.policy !== 'none'
}

/** Says what a run is to begin. Errors: `start_failed`. */
export function writeLaunch(run: RunReference, launch: Launch): void {
  checkExportable(launch.env)
  const { TERM: term, ...others } = launch.env
  // At a terminal TERM is the terminal's.
  const given = launch.terminal || term === undefined ? others : launch.env
  const lines = encodeLaunchLines({ ...launch, env: { ...given, ...markOf(run) } })
  writePlainFile(launchFile(run), lines)
}

/** Points the container at the run it is to begin next, and says what that is. Errors: `start_failed`. */
export function prepareBox(box: BoxWish, launch: Launch): void {
  const { agent } = box
  const { run, terminal } = launch
  createPrivateFolder(agent.folder)
  createPrivateFolder(guestsFolder(agent))
  writeLaunch(run, launch)
  if (isWalled(box)) {
    writeFileSync(resolverFile(agent), 'nameserver 127.0.0.1\n')
    // Whoever its programs run as.
    chmodSync(resolverFile(agent), 0o644)
  }
  const link = runLink(agent)
  if (terminal) {
    const place = { folder: link, socket: socketFile }
    const config = encodeTmuxConfig({ ...launch, terminal }, place)
    writePlainFile(tmuxConfigFile(run), config)
  }
  rmSync(`${link}.new`, { force: true })
  symlinkSync(run.folder, `${link}.new`)
  renameSync(`${link}.new`, link)
}

/** The folder of the run that it was last pointed at; null: of none. */
export function linkedRun(agent: Pick<AgentReference, 'folder'>): string | null {
  try {
    return lstatSync(runLink(agent)).isSymbolicLink() ? readlinkSync(runLink(agent)) : null
  } catch {
    return null
  }
}

/** When it was pointed at that run, Unix ms. */
export function linkedAt(agent: Pick<AgentReference, 'folder'>): number {
  return Math.floor(lstatSync(runLink(agent)).mtimeMs)
}

function containerFile({ folder }: Pick<AgentReference, 'folder'>): string {
  return path.join(folder, 'container')
}

/** Notes which container is the agent's: somebody may rename it, and what is made from it has its labels. */
export function recordContainer(agent: AgentReference, id: string): void {
  writeFileSync(containerFile(agent), `${id}\n`, { mode: 0o600 })
}

/** The engine's id of the agent's container; null: none was noted. */
export function recordedContainer(agent: Pick<AgentReference, 'folder'>): string | null {
  try {
    return /^([0-9a-f]+)\n/.exec(readFileSync(containerFile(agent), 'latin1'))?.[1] ?? null
  } catch {
    return null
  }
}
