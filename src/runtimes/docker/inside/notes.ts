import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { readPlainFile } from '../../../util/plain-file.ts'
import { writePrivateFile } from '../../../util/private-file.ts'
import type { AgentReference } from '../../box.ts'
import type { RunReference } from '../../contract.ts'

/** A container that is not ours, and the user in it that an agent's programs run as. */
export const Place = z.object({
  /** The engine's id of it. */
  container: z.string().min(1),
  /** As people call it. */
  name: z.string(),
  /** As an engine takes it. */
  user: z.string().min(1),
})
export type Place = z.infer<typeof Place>

const AgentNote = z.object({ places: z.array(Place), folders: z.array(z.string()) })

/**
 * The folder of a run inside of a container. Below that of the run, which may be seen inside: it must
 * never be the same one.
 */
export function innerFolder(run: RunReference): string {
  return path.join(run.folder, 'inside')
}

/** Written before anything is done inside; without it nothing was. */
function placeFile(run: RunReference): string {
  return path.join(run.folder, 'place')
}

export function writePlace(run: RunReference, place: Place): void {
  writePrivateFile(placeFile(run), JSON.stringify(place))
}

/** Where a run is; null: in no container of somebody's. */
export function readPlace(run: RunReference): Place | null {
  const file = placeFile(run)
  return existsSync(file) ? Place.parse(JSON.parse(readPlainFile(file))) : null
}

function agentFile({ folder }: Pick<AgentReference, 'folder'>): string {
  return path.join(folder, 'places')
}

/** Adds to what an agent has inside of containers: its own folders, kept over its runs. */
export function noteAgent(agent: AgentReference, place: Place, folders: readonly string[]): void {
  const before = readAgent(agent)
  const places = before.places.some((each) => isSamePlace(each, place))
    ? before.places
    : [...before.places, place]
  const all = [...new Set([...before.folders, ...folders])]
  if (places !== before.places || all.length > before.folders.length) {
    writePrivateFile(agentFile(agent), JSON.stringify({ places, folders: all }))
  }
}

export function readAgent(agent: AgentReference): z.infer<typeof AgentNote> {
  const file = agentFile(agent)
  return existsSync(file)
    ? AgentNote.parse(JSON.parse(readFileSync(file, 'utf8')))
    : { places: [], folders: [] }
}

/**
 * The containers that were used so far: a container of somebody's can't be given a label, so they stand
 * in the file that says an engine was used, a line each.
 */
export function readUsedPlaces(usedFile: string): Place[] {
  if (!existsSync(usedFile)) {
    return []
  }
  const lines = readFileSync(usedFile, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => Place.parse(JSON.parse(line)))
}

export function addUsedPlace(usedFile: string, place: Place): void {
  const places = readUsedPlaces(usedFile)
  if (!places.some((each) => isSamePlace(each, place))) {
    writeUsedPlaces(usedFile, [...places, place])
  }
}

/** Takes those out that are not there any more. */
export function dropUsedPlaces(usedFile: string, gone: ReadonlySet<string>): void {
  const places = readUsedPlaces(usedFile)
  const left = places.filter(({ container }) => !gone.has(container))
  if (left.length < places.length) {
    writeUsedPlaces(usedFile, left)
  }
}

function writeUsedPlaces(usedFile: string, places: readonly Place[]): void {
  writePrivateFile(usedFile, places.map((place) => `${JSON.stringify(place)}\n`).join(''))
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.container === other.container && one.user === other.user
}
