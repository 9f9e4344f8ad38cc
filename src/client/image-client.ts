import { DroverError, fromProblem } from '../schema/error.ts'
import type { Image, ImageLine, ImageRequestInput } from '../schema/image.ts'
import { withDeadline, type CallOptions } from './call-options.ts'
import { LineSplitter } from './line-splitter.ts'
import type { Transport } from './transport.ts'

/** Until the first of it is told, ms. */
const beginMs = 120_000

/** An engine removes layers, ms. */
const slowMs = 300_000

export interface BuildImageOptions {
  /** Told how far it is, in words for people. */
  onProgress?: (text: string) => void
  /** Ends it, here and there. */
  signal?: AbortSignal | undefined
}

/** Images that agents' containers are made of: `client.images`. */
export class ImageClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(options?: CallOptions): Promise<Image[]> {
    return this.#transport.request({
      method: 'GET',
      path: '/v1/images',
      ...withDeadline({ deadlineMs: beginMs, ...options }),
    })
  }

  /** Makes one, and resolves when it is there. Errors: `image_failed`, `registry_unreachable`, … */
  async build(
    request: ImageRequestInput,
    { onProgress = () => undefined, signal }: BuildImageOptions = {},
  ): Promise<Image> {
    const response = await this.#transport.open({
      method: 'POST',
      path: '/v1/images',
      body: request,
      deadlineMs: beginMs,
      signal,
    })
    const splitter = new LineSplitter()
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response) {
        for (const text of splitter.push(decoder.decode(chunk as Buffer, { stream: true }))) {
          const line = JSON.parse(text) as ImageLine
          if ('image' in line) {
            return line.image
          }
          if ('problem' in line) {
            throw fromProblem(line.problem)
          }
          onProgress(line.text)
        }
      }
    } catch (error) {
      throw signal?.aborted ? signal.reason : this.#transport.explain(error)
    } finally {
      response.destroy()
    }
    throw new DroverError('daemon_unreachable', 'The daemon ended before the image was made.')
  }

  /** Errors: `image_not_found`, `image_in_use`. */
  remove(name: string, options?: CallOptions): Promise<Image> {
    return this.#transport.request({
      method: 'DELETE',
      path: '/v1/images',
      query: { name },
      ...withDeadline({ deadlineMs: slowMs, ...options }),
    })
  }

  /** Removes those that no agent uses; a dry run says which. */
  prune({ dryRun, ...options }: CallOptions & { dryRun: boolean }): Promise<Image[]> {
    return this.#transport.request({
      method: 'POST',
      path: '/v1/images/prune',
      body: { dryRun },
      ...withDeadline({ deadlineMs: slowMs, ...options }),
    })
  }
}
