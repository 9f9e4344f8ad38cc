import { randomUUID } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { writeLaunchFiles } from './write-launch-files.ts'
import { joinPrompt } from '../core/system-prompt.ts'
import type { Transcript } from '../providers/contract.ts'
import type { Launch, TerminalSize } from '../runtimes/contract.ts'
import { boxRunFolder } from '../runtimes/run-folder.ts'
import { DroverError } from '../schema/error.ts'
import type { RunRow } from '../store/index.ts'
import { createPrivateFolder, writePrivateFile } from '../util/private-file.ts'
import {
  agentFolders,
  getRuntime,
  launchContext,
  referenceOf,
  speechOf,
  type DaemonContext,
} from './context.ts'
import { boxWish } from './box-wish.ts'
import { doorPlace } from './door-place.ts'
import { importSession } from './import-session.ts'
import { specInPlace } from './inside-box.ts'
import { makeWorktree } from './make-worktree.ts'
import { checkMounts } from './resolve-mounts.ts'
import { promptFile, readPromptLayers } from './system-prompt.ts'

export interface PreparedLaunch {
  launch: Launch
  /** How its program is greeted; null where it needs no greeting. */
  greeting: string | null
  /** What its program keeps itself of the conversation; null where that is not known yet. */
  transcript: Transcript | null
}

/** Of a terminal to which nobody came yet. */
const firstSize: TerminalSize = { cols: 120, rows: 40 }

/** Everything a runtime needs to bring a run up; writes the files its program reads at start. */
export async function prepareLaunch(
  context: DaemonContext,
  run: Pick<RunRow, 'id' | 'agent_id' | 'provider' | 'session' | 'is_resumed' | 'is_terminal'>,
  signal: AbortSignal,
): Promise<PreparedLaunch> {
  const agent = context.store.agents.get(run.agent_id)
  if (!agent) {
    throw new Error(`Run ${run.id} has no agent.`)
  }
  const spec = context.specs.get(agent.id)
  const folders = agentFolders(context, agent.id)
  if (spec.dir === folders.work) {
    createPrivateFolder(folders.work)
  }
  if (spec.worktree) {
    await makeWorktree(context, agent.id, signal)
  }
  if (!statSync(spec.dir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DroverError('invalid_dir', `dir: ${spec.dir} is no folder any more.`, {
      details: { field: 'dir' },
    })
  }
  await importSession(context, agent, run)
  const outside = launchContext(context, spec, agent.id)
  const door = await doorPlace(context, agent.id, spec, outside.upstreams)
  const base = door ? { ...outside, upstreams: door.upstreams } : outside
  const systemPrompt = joinPrompt(await readPromptLayers(context, { agent, spec }))
  const inPlace = await specInPlace(context, { agentId: agent.id, spec }, signal)
  const launch = await speechOf(context, run).launch({
    ...base,
    agent: { id: agent.id, name: agent.name },
    spec: inPlace,
    resume: run.is_resumed === 1 ? run.session : null,
    newSession: randomUUID(),
    isFork: false,
    systemPrompt,
    stateFolder: folders.state,
    runFolder: base.isElsewhere ? boxRunFolder(folders.box) : referenceOf(context, run.id).folder,
  })
  writeLaunchFiles(folders, launch.files)
  keepPrompt(promptFile(context, agent.id), systemPrompt)
  await checkMounts(spec.container?.mounts ?? [])
  const box = boxWish(context, getRuntime(context, spec.runtime), {
    agentId: agent.id,
    spec,
    folders: launch.folders ?? [],
    network: {
      policy: spec.network,
      door: door?.address ?? null,
      isPrepared: context.config.gateway.preparedPort !== undefined,
    },
    files: launch.files.map((file) => file.path),
  })
  return {
    greeting: launch.input ?? null,
    transcript: launch.transcript ?? null,
    launch: {
      run: referenceOf(context, run.id),
      argv: launch.argv,
      env: {
        ...base.env,
        ...launch.env,
        // In a box the socket is not there, and must not be: whoever opens it is the owner.
        ...(door?.env ?? (box ? {} : { DROVER_SOCKET: context.home.socketFile })),
        DROVER_AGENT: agent.name,
        DROVER_TOKEN: context.tokens.tokenOf(agent.id),
      },
      cwd: inPlace.dir,
      limits: spec.limits,
      ...(box ? { box } : {}),
      ...(run.is_terminal === 1 ? { terminal: firstSize } : {}),
      ...(launch.reservedBytes === undefined ? {} : { reservedBytes: launch.reservedBytes }),
    },
  }
}

/** What a run was told stays to be looked at. */
function keepPrompt(file: string, prompt: string | null): void {
  if (prompt === null) {
    rmSync(file, { force: true })
  } else {
    writePrivateFile(file, prompt)
  }
}
