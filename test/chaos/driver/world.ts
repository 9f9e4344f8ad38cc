import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RuntimeName } from './runtimes.ts'
import type { Kind } from './words.ts'

const agentScript = fileURLToPath(new URL('../../fixtures/chaos-agent.sh', import.meta.url))

/** A message as the story has it. */
export interface Letter {
  /** First word of the body; the agent's own account knows it by this. */
  key: string
  word: string
  body: string
}

/** What the API said to it: taken for good, refused for good, or not taken at all. */
export type Answer = 'taken' | 'refused' | 'none'

/** A message that was sent, with what was promised about it. */
export interface SentLetter extends Letter {
  /** The API's name for it; null while a first message has no answer. */
  id: string | null
  answer: Answer
  /** Which act of its agent sent it: acts come one after the other, letters of one act race. */
  act: number
}

/** One agent from its making to its removal, as its driver knows it. */
export interface Life {
  /** `NAME.NUMBER`; names its request, its folder, and its letters. */
  id: string
  /** Where it works and keeps its account; not in Drover's home. */
  folder: string
  /** Its program; null where Drover brings it. */
  program: string | null
  letters: SentLetter[]
  /** Its making was answered. */
  isMade: boolean
  isRemoved: boolean
  /** As the last verb that was answered left it. */
  isHeld: boolean
  /** Runs whose program was frozen from outside. */
  frozen: Set<string>
}

/** A name in the play, through all its lives. */
export interface Actor {
  name: string
  kind: Kind
  runtime: RuntimeName
  /** Acts played so far. */
  acts: number
  /** The last one is the present one. */
  lives: Life[]
}

/** An agent that lives for one task. */
export interface Errand {
  /** Its name, its request, and the first word of its task. */
  key: string
  body: string
  folder: string
  program: string
  /** Its message; null while its making has no answer. */
  id: string | null
}

/** What the driver believes: all that was asked for and answered. */
export interface World {
  folder: string
  actors: readonly Actor[]
  errands: Errand[]
  /** Runs of which more than the program was struck: they may be lost. */
  struck: Set<string>
  /** What holds the runs was struck, and may have owed an answer. */
  hadOutage: boolean
  /** Until when the home's disk was full, as `performance.now` counts; Infinity while it is, -1: it never was. */
  fullUntil: number
}

export function createWorld(
  folder: string,
  cast: readonly Pick<Actor, 'name' | 'kind' | 'runtime'>[],
): World {
  const world: World = {
    folder,
    errands: [],
    struck: new Set(),
    hadOutage: false,
    fullUntil: -1,
    actors: cast.map((each) => ({ ...each, acts: 0, lives: [] })),
  }
  world.actors.forEach((actor) => beginLife(world, actor))
  return world
}

/** A disk was full, so a start, a reading or an ending may have failed for that. */
export const hadFullDisk = ({ fullUntil }: World): boolean => fullUntil >= 0

export function presentLife(actor: Actor): Life {
  const life = actor.lives.at(-1)
  if (!life) {
    throw new Error(`${actor.name} has no life.`)
  }
  return life
}

/** The name's next life, in a folder of its own. */
export function beginLife(world: World, actor: Actor): Life {
  const id = `${actor.name}.${actor.lives.length + 1}`
  const folder = makeFolder(world, id)
  const program = actor.kind === 'command' ? makeProgram(folder) : null
  const life: Life = {
    id,
    folder,
    program,
    letters: [],
    isMade: false,
    isRemoved: false,
    isHeld: false,
    frozen: new Set(),
  }
  actor.lives.push(life)
  return life
}

export function createErrand(world: World, { key, body }: Pick<Errand, 'key' | 'body'>): Errand {
  const folder = makeFolder(world, key)
  const errand: Errand = { key, body, folder, program: makeProgram(folder), id: null }
  world.errands.push(errand)
  return errand
}

function makeFolder(world: World, id: string): string {
  const folder = path.join(world.folder, 'agents', id)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Each agent has a program file of its own, which can vanish. */
function makeProgram(folder: string): string {
  const program = path.join(folder, 'program')
  copyFileSync(agentScript, program)
  chmodSync(program, 0o700)
  return program
}
