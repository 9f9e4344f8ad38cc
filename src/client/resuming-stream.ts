import { DroverError, type ErrorCode } from '../schema/error.ts'

/** Bytes as they come from the daemon. */
export type Body = AsyncIterable<Uint8Array> & { destroy(error?: Error): unknown }

/** What makes one kind of stream; the source keeps its own cursor. */
export interface StreamSource<Item> {
  /** Connects, from the cursor on. */
  connect(): Promise<Body>
  /** A reader for one connection: pieces of its text to items, moving the cursor past them. */
  createReader(): { push(text: string): Item[]; end(): Item[] }
  /** Nothing comes after what was read: the connection is not made again. */
  isOver?(): boolean
  /** The error to show for one of the connection. */
  explain(error: unknown): unknown
}

export interface ResumeOptions {
  /** Stay when the daemon has sent all there is. */
  isFollowing: boolean
  signal?: AbortSignal | undefined
  /** How long to go on trying to connect again, ms. Default 30 s. */
  reconnectMs?: number | undefined
  /** The connection was lost and is being made again. */
  onReconnect?: ((error: unknown) => void) | undefined
}

/**
 * A stream that outlives its connection: when that is lost it is made again from the cursor, so
 * nothing is missed or repeated. Can be iterated once. Throws `daemon_unreachable` when the daemon
 * stays away, the signal's reason when it is aborted, and whatever the daemon refuses with.
 */
export class ResumingStream<Item> implements AsyncIterable<Item> {
  readonly #source: StreamSource<Item>
  readonly #options: ResumeOptions
  #body: Body | null = null

  constructor(source: StreamSource<Item>, options: ResumeOptions) {
    this.#source = source
    this.#options = options
  }

  /** Connects now, before the first item is asked for; what happens from here on is not missed. */
  async open(): Promise<this> {
    this.#body ??= await this.#source.connect()
    return this
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    await this.open()
    while (this.#body) {
      const body = this.#body
      let lost: unknown = null
      try {
        const decoder = new TextDecoder()
        const reader = this.#source.createReader()
        const chunks = body[Symbol.asyncIterator]()
        while (true) {
          const chunk = await chunks.next().catch((error: unknown) => {
            lost = error
            return null
          })
          if (!chunk) {
            break
          }
          yield* chunk.done
            ? reader.end()
            : reader.push(decoder.decode(chunk.value, { stream: true }))
          if (this.#source.isOver?.()) {
            return
          }
          if (chunk.done) {
            break
          }
        }
      } finally {
        body.destroy()
      }
      this.#options.signal?.throwIfAborted()
      this.#body = lost || this.#options.isFollowing ? await this.#reconnect(lost) : null
    }
  }

  async #reconnect(lost: unknown): Promise<Body> {
    const { signal, reconnectMs } = this.#options
    const explained = lost ? this.#source.explain(lost) : null
    if (explained && !isUnreachable(explained)) {
      throw explained
    }
    this.#options.onReconnect?.(explained)
    return await connectAgain(() => this.#source.connect(), { signal, reconnectMs })
  }
}

const unreachable: ErrorCode = 'daemon_unreachable'

export function isUnreachable(error: unknown): boolean {
  return error instanceof DroverError && error.code === unreachable
}

const firstPauseMs = 50
const longestPauseMs = 2000

/**
 * Makes a connection that was lost again, as soon as a daemon is there. Throws `daemon_unreachable`
 * when it stays away for `reconnectMs` (default 30 s), and whatever else connecting throws.
 */
export async function connectAgain<Connection>(
  connect: () => Promise<Connection>,
  { signal, reconnectMs = 30_000 }: Pick<ResumeOptions, 'signal' | 'reconnectMs'>,
): Promise<Connection> {
  const end = performance.now() + reconnectMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    await pause(pauseMs * (0.75 + Math.random() / 2), signal)
    try {
      return await connect()
    } catch (error) {
      if (!isUnreachable(error) || performance.now() >= end) {
        throw error
      }
    }
  }
}

/** Rejects with the signal's reason when it aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    if (signal?.aborted) {
      abort()
    } else {
      signal?.addEventListener('abort', abort, { once: true })
    }
  })
}
