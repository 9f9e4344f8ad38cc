/** A program that is to be in an image. */
export type WantedProgram = { provider: string; version: string } & (
  | { kind: 'package'; package: string }
  | { kind: 'copy'; path: string }
)

/** What an image of agents is made from. */
export interface ImageOrder {
  tag: string
  from: string
  programs: readonly WantedProgram[]
}

/** An image that we made. */
export interface FoundImage {
  id: string
  /** With their tags; empty where another has its name now. */
  names: readonly string[]
  purpose: 'agent' | 'project'
  from: string | null
  /** Provider → version of its program. */
  programs: Readonly<Record<string, string>>
  sizeBytes: number
  /** Unix ms. */
  createdAt: number
  /** Ids of agents whose boxes are made of it, of any home. */
  agents: readonly string[]
}

/** Images that boxes are made of, in a runtime that has them. */
export interface BoxImages {
  /**
   * Makes it, telling in words for people how far it is. Throws DroverError `image_failed`,
   * `registry_unreachable`, `image_not_found`, `unsupported`.
   */
  build(order: ImageOrder, tell: (text: string) => void, signal: AbortSignal): Promise<FoundImage>
  /** All that we made. */
  list(signal: AbortSignal): Promise<FoundImage[]>
  /** Takes it away, or only the name where it has others; one that is not there is fine. */
  remove(nameOrId: string, signal: AbortSignal): Promise<void>
}
