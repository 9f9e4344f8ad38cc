import type { ContainerState } from '../engine/container-state.ts'
import type { Place } from './notes.ts'

/** Who an agent's programs are inside. */
export interface InnerUser {
  name: string
  home: string
}

interface Known extends InnerUser {
  startedAt: string | null
}

/**
 * Whom `prepare.sh` found in containers as they are up now, where a start can do without it the next
 * time: only for those who may make folders wherever they are to be.
 */
export class KnownUsers {
  readonly #users = new Map<string, Known>()

  /** Null: it is to be prepared. */
  get(place: Place, { startedAt }: ContainerState): InnerUser | null {
    const known = this.#users.get(keyOf(place))
    return known?.startedAt === startedAt ? known : null
  }

  note(place: Place, { startedAt }: ContainerState, user: InnerUser): void {
    if (/^(0|root)(:|$)/.test(place.user)) {
      this.#users.set(keyOf(place), { ...user, startedAt })
    }
  }

  /** Something is not there that was. */
  drop(place: Place): void {
    this.#users.delete(keyOf(place))
  }
}

function keyOf({ container, user }: Place): string {
  return `${container} ${user}`
}
