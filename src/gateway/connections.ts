import type { Socket } from 'node:net'

/** Connections to the door, bounded for each address that they come from: it costs nothing to open one. */
export class Connections {
  readonly #most: number
  readonly #open = new Map<string, Set<Socket>>()

  constructor(most: number) {
    this.#most = most
  }

  /** Takes one in, or destroys it where its address has as many as it may. */
  add(socket: Socket): void {
    const from = socket.remoteAddress ?? ''
    const open = this.#open.get(from) ?? new Set()
    if (open.size >= this.#most && !open.has(socket)) {
      socket.destroy()
      return
    }
    this.#open.set(from, open.add(socket))
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0 && this.#open.get(from) === open) {
        this.#open.delete(from)
      }
    })
  }

  destroyAll(): void {
    const all = [...this.#open.values()].flatMap((sockets) => [...sockets])
    all.forEach((socket) => socket.destroy())
  }
}
