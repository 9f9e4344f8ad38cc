import type { Container } from '../schema/container.ts'
import type { Network } from '../schema/network.ts'

/**
 * A box is what an agent has of its own beside the machine: a container. It is kept over its runs.
 * What it sees of the machine it sees under the same absolute path.
 */
export interface BoxWish {
  agent: AgentReference
  container: Container
  /** Folders that are the agent's alone, absolute: they belong to the user its programs run as. */
  ownFolders: readonly string[]
  /** Folders and files beside these that it may write, absolute; the first is where it works. */
  folders: readonly string[]
  /** Those that it may only read. */
  readOnlyFolders: readonly string[]
  /** HOME inside where the wish names no other. */
  home: string
  /** What its programs may reach; left out: what the machine reaches. */
  network?: BoxNetwork
  /** Files that were written for this launch, absolute: a box that does not see them is given them. */
  files?: readonly string[]
}

export interface BoxNetwork {
  policy: Network
  /** Where the agents' door is open for them; null: nowhere. */
  door: { host: string; port: number } | null
  /** Somebody else sees to it that they reach nothing else, as `NetworkWish.preparedPort` says. */
  isPrepared: boolean
}

/** Which container it is. */
export type BoxKind = Pick<BoxWish, 'container'>

/** What names an agent to a runtime that keeps something for it. */
export interface AgentReference {
  id: string
  /** Id of the home that owns it. */
  instance: string
  /** What a runtime keeps for it outside of its box, absolute; the runtime makes it. */
  folder: string
}

/** Something that is kept for an agent beyond its runs. */
export interface Kept {
  /** Agent id it was made for. */
  agent: string
  /** What it is, for people: `container drover-agent_01…`. */
  what: string
}
