import type { Home } from '../../../src/util/home.ts'
import type { Client } from '../../../src/client/index.ts'
import type { ContainerHouse } from './container-house.ts'
import type { Keeper } from './keeper.ts'
import type { Tally } from './report.ts'
import type { World } from './world.ts'

/** What acts are played on. */
export interface Stage {
  world: World
  home: Home
  client: Client
  tally: Tally
  /** Makes a request until a daemon answers it. */
  ask: Keeper['ask']
  /** Makes a request until it is granted: on a full disk and without an engine, again and again. */
  insist: Keeper['ask']
  /** Id of the home; null before the first daemon was ready. */
  instance: () => string | null
  /** Where containers are; null where no agent is in one. */
  house: ContainerHouse | null
  /** Address of the scripted model. */
  modelUrl: string
  /** Aborts when the play is over. */
  signal: AbortSignal
}
