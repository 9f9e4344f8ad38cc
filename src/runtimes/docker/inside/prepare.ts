import { readFileSync } from 'node:fs'
import path from 'node:path'
import { DroverError } from '../../../schema/error.ts'
import type { BoxWish } from '../../box.ts'
import type { Launch } from '../../contract.ts'
import type { ContainerState } from '../engine/container-state.ts'
import type { Engine } from '../engine/engine.ts'
import type { InnerUser } from './known-users.ts'
import { innerFolder, type Place } from './notes.ts'
import { runScript } from './run-script.ts'

export type BoxedLaunch = Launch & { box: BoxWish }

/** The container of somebody's that a launch names, running. Errors: `container_not_found`, `start_failed`. */
export async function requireContainer(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<ContainerState> {
  const state = await engine.inspectContainer(name, signal)
  const details = { field: 'container.name', container: name }
  if (!state) {
    throw new DroverError('container_not_found', `container.name: there is no container ${name}.`, {
      details,
    })
  }
  if (!state.isRunning || state.isPaused) {
    const [what, way] = state.isPaused
      ? ['is paused', `\`docker unpause ${name}\``]
      : ['does not run', `\`docker start ${name}\``]
    throw new DroverError(
      'start_failed',
      `container.name: ${name} ${what}. ${way} lets it go on.`,
      {
        details,
      },
    )
  }
  return state
}

export interface Prepared {
  user: InnerUser
  /** Its home is the container's: the same for every agent. */
  hasOwnHome: boolean
}

/** Makes what is to be there before a program begins. Errors: `start_failed`, which says what the container lacks. */
export async function prepareInside(
  engine: Engine,
  { place, launch }: { place: Place; launch: BoxedLaunch },
  signal: AbortSignal,
): Promise<Prepared> {
  const { box, run, cwd } = launch
  const spare = box.container.home ?? box.home
  const args = [place.user, spare, cwd, ...box.ownFolders, innerFolder(run)]
  const said = await runScript(
    engine,
    { place, user: '0', script: 'prepare.sh', args },
    signal,
  ).catch((error: unknown) => {
    throw explainShell(error, place)
  })
  const [kind, rest] = split(said.at(-1) ?? '')
  if (kind !== 'ready') {
    throw refuse(kind, rest, { place, cwd })
  }
  const told = new Map(said.map(split))
  const name = told.get('user')?.split(' ').slice(2).join(' ') || 'agent'
  const home = told.get('home') ?? '/'
  return { user: { name, home }, hasOwnHome: home !== spare }
}

function split(line: string): [string, string] {
  const end = line.indexOf(' ')
  return end < 0 ? [line, ''] : [line.slice(0, end), line.slice(end + 1)]
}

/** Without a shell nothing of ours can run in it. */
function explainShell(error: unknown, { name }: Place): unknown {
  return error instanceof DroverError && error.code === 'program_not_found'
    ? new DroverError(
        'start_failed',
        `container.name: ${name} has no /bin/sh, and Drover needs one there to hold an agent's program. Take an image that has a shell.`,
        { cause: error, details: { field: 'container.name', container: name } },
      )
    : error
}

function refuse(
  kind: string,
  rest: string,
  { place: { name, user }, cwd }: { place: Place; cwd: string },
): DroverError {
  const problems: Readonly<Record<string, [field: string, text: string]>> = {
    missing: [
      'container.name',
      `${name} has no ${rest.split(' ').join(', ')}, which Drover needs there. Take an image with coreutils or busybox.`,
    ],
    'no-user': ['container.user', `${name} knows no user ${user}.`],
    'no-folder': ['dir', `there is no folder ${cwd} in ${name}.`],
    unmade: [
      'container.name',
      `${rest} can't be made in ${name}: its files can't be changed there. Mount a folder or a tmpfs at ${path.dirname(path.dirname(rest))}, or start it without --read-only.`,
    ],
  }
  const [field, text] = problems[kind] ?? [
    'container.name',
    `${name} could not be prepared: ${[kind, rest].join(' ').trim() || 'it said nothing'}.`,
  ]
  return new DroverError('start_failed', `${field}: ${text}`, {
    details: { field, container: name },
  })
}

/** A file to be written inside, and what it has. */
export interface InnerFile {
  path: string
  content: string
}

/** The lines that `begin.sh` reads; a line of what a file has is passed on as it is. */
export function encodeFiles(files: readonly InnerFile[]): string {
  const lines = files.flatMap(({ path: file, content }) => [
    `f${file}`,
    ...(content === '' ? [] : [`t${content.replaceAll('\n', '\n+')}`]),
  ])
  return [...lines, 'go', ''].join('\n')
}

/** Files that are there as they are here, absolute. */
export function filesAt(files: readonly string[]): InnerFile[] {
  return files.map((file) => ({ path: file, content: readFileSync(file, 'utf8') }))
}
