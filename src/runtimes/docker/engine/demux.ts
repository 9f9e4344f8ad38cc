import { Readable } from 'node:stream'

/** Before each piece of output: one byte that says of which stream, three of nothing, four of its length. */
const headerBytes = 8

export interface Output {
  stdout: Readable
  stderr: Readable
}

/**
 * Takes output and complaints apart that come over one connection. As much is read as both readers
 * take: one that is not read stops the other. Where the connection breaks, both get the error.
 */
export function demux(source: Readable): Output {
  const stdout = new Tap()
  const stderr = new Tap()
  void pump(source, stdout, stderr)
  return { stdout, stderr }
}

/** The same for a terminal, which has one output. */
export function passOn(source: Readable): Output {
  const stdout = new Tap()
  const stderr = new Tap()
  stderr.push(null)
  void copy(source, stdout)
  return { stdout, stderr }
}

async function copy(source: Readable, stdout: Tap): Promise<void> {
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      await stdout.give(chunk)
    }
    stdout.push(null)
  } catch (error) {
    stdout.destroy(error as Error)
  }
}

async function pump(source: Readable, stdout: Tap, stderr: Tap): Promise<void> {
  try {
    const header = new Header()
    let target = stdout
    let missing = 0
    for await (const chunk of source as AsyncIterable<Buffer>) {
      let rest = chunk
      while (rest.length > 0) {
        if (missing > 0) {
          const piece = rest.subarray(0, missing)
          missing -= piece.length
          rest = rest.subarray(piece.length)
          await target.give(piece)
          continue
        }
        rest = header.take(rest)
        if (header.isWhole) {
          target = header.type === 2 ? stderr : stdout
          missing = header.read()
        }
      }
    }
    if (missing > 0 || !header.isEmpty) {
      throw new Error('The connection to the engine ended in the middle of output.')
    }
    stdout.push(null)
    stderr.push(null)
  } catch (error) {
    stdout.destroy(error as Error)
    stderr.destroy(error as Error)
  }
}

/** The bytes of a header, which may come one by one. */
class Header {
  readonly #bytes = Buffer.alloc(headerBytes)
  #filled = 0

  get isEmpty(): boolean {
    return this.#filled === 0
  }

  get isWhole(): boolean {
    return this.#filled === headerBytes
  }

  get type(): number {
    return this.#bytes[0] ?? 0
  }

  /** Takes what it lacks; what is left. */
  take(chunk: Buffer): Buffer {
    const taken = chunk.copy(this.#bytes, this.#filled, 0, headerBytes - this.#filled)
    this.#filled += taken
    return chunk.subarray(taken)
  }

  /** Length of what follows it; the next header begins after that. */
  read(): number {
    if (this.type > 2) {
      throw new Error('What the engine sends is not output in pieces.')
    }
    this.#filled = 0
    return this.#bytes.readUInt32BE(4)
  }
}

/** A stream that says when it can take more. */
class Tap extends Readable {
  #wanted = Promise.withResolvers<void>()

  constructor() {
    super()
    // Whoever reads it is told; nobody needs to be there.
    this.on('error', () => {})
  }

  /** Comes back once it can take more; at once when nobody reads it any more. */
  async give(piece: Buffer): Promise<void> {
    if (this.destroyed) {
      return
    }
    this.#wanted = Promise.withResolvers()
    if (!this.push(piece)) {
      await this.#wanted.promise
    }
  }

  override _read(): void {
    this.#wanted.resolve()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#wanted.resolve()
    done(error)
  }
}
