import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { Logins } from './logins.ts'
import { readProgress, type OnProgress, type Outcome } from './progress.ts'
import { explainFetch, isMissing } from './refusal.ts'
import type { EngineRequest, Transport } from './transport.ts'

/** An image as containers get it. */
export interface ImageState {
  /** `sha256:…` */
  id: string
  tags: readonly string[]
  architecture: string
  os: string
  sizeBytes: number
  labels: Readonly<Record<string, string>>
  env: readonly string[]
  user: string
  workingDir: string
  entrypoint: readonly string[]
  cmd: readonly string[]
}

export interface ImageSummary {
  id: string
  tags: readonly string[]
  sizeBytes: number
  /** Unix ms. */
  createdAt: number
  labels: Readonly<Record<string, string>>
}

export interface BuildOptions {
  /** What it is to be called. */
  tag: string
  /** Path inside the tar; left out: `Dockerfile`. */
  dockerfile?: string
  /** Last stage to build. */
  target?: string
  args?: Readonly<Record<string, string>>
  labels?: Readonly<Record<string, string>>
  /** Asks the registry for newer base images. */
  isPulling?: boolean
}

export interface ImportOptions {
  tag: string
  /** Lines of a Dockerfile: `CMD ["/bin/sh"]`, `ENV A=b`. */
  changes?: readonly string[]
}

const ImageAnswer = z.object({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  Architecture: z.string().default(''),
  Os: z.string().default(''),
  Size: z.number().default(0),
  Config: z
    .object({
      Labels: z.record(z.string(), z.string()).nullish(),
      Env: z.array(z.string()).nullish(),
      User: z.string().nullish(),
      WorkingDir: z.string().nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
    })
    .nullish(),
})
const Listed = z.array(
  z.object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Size: z.number().default(0),
    Created: z.number().default(0),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
)

/** How long a pull, a build or an import may take, ms: the caller's signal ends it before. */
const longMs = 3_600_000
const slowMs = 120_000

/** What can be done to images. */
export class Images {
  readonly #transport: Transport
  readonly #logins: Logins

  constructor(transport: Transport, logins: Logins) {
    this.#transport = transport
    this.#logins = logins
  }

  /** Null where the engine has none of that name or id. */
  async inspect(name: string, signal: AbortSignal): Promise<ImageState | null> {
    try {
      const request = { method: 'GET', path: `${pathOf(name)}/json`, signal } as const
      return readImage(await this.#transport.ask(request, ImageAnswer))
    } catch (error) {
      if (isMissing(error)) {
        return null
      }
      throw error
    }
  }

  /** Those that have all the labels. */
  async list(labels: readonly string[], signal: AbortSignal): Promise<ImageSummary[]> {
    const query = labels.length > 0 ? { filters: { label: labels } } : {}
    const request = { method: 'GET', path: '/images/json', query, signal } as const
    return (await this.#transport.ask(request, Listed)).map((each) => ({
      id: each.Id,
      tags: each.RepoTags ?? [],
      sizeBytes: each.Size,
      createdAt: each.Created * 1000,
      labels: each.Labels ?? {},
    }))
  }

  /** Its name; the layers, too, where no other has them. One that a container uses is `engine_refused`. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    try {
      const request = { method: 'DELETE', path: pathOf(name), deadlineMs: slowMs, signal } as const
      await this.#transport.askText(request)
    } catch (error) {
      if (!isMissing(error)) {
        throw error
      }
    }
  }

  async tag(name: string, tag: string, signal: AbortSignal): Promise<void> {
    const query = splitTag(tag)
    await this.#transport.askText({ method: 'POST', path: `${pathOf(name)}/tag`, query, signal })
  }

  /** Errors: `image_not_found`, `image_unfit`, `registry_unreachable`, `disk_full`. */
  async pull(name: string, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
    const { repo, tag } = splitTag(name)
    // Without a tag an engine would fetch all there are.
    const query = { fromImage: repo, tag: tag ?? 'latest' }
    const login = await this.#logins.forImage(name, signal)
    const request = { method: 'POST', path: '/images/create', query, signal } as const
    await this.#run(login ? { ...request, login } : request, onProgress)
  }

  /** The id of what it built. `context` is a tar of the folder. */
  async build(
    context: Readable,
    options: BuildOptions,
    onProgress: OnProgress,
    signal: AbortSignal,
  ): Promise<string> {
    const { tag, dockerfile, target, args, labels, isPulling } = options
    const query = {
      t: tag,
      dockerfile,
      target,
      buildargs: args,
      labels,
      pull: isPulling || undefined,
      rm: true,
      forcerm: true,
    }
    const logins = await this.#logins.all(signal)
    const request = { method: 'POST', path: '/build', query, tar: context, logins, signal } as const
    const { imageId } = await this.#run(request, onProgress)
    return imageId ?? (await this.inspect(tag, signal))?.id ?? tag
  }

  /** Makes an image of the files in a tar; its id. */
  async import(tar: Readable, options: ImportOptions, signal: AbortSignal): Promise<string> {
    const { repo, tag } = splitTag(options.tag)
    const query = { fromSrc: '-', repo, tag, changes: options.changes }
    const request = { method: 'POST', path: '/images/create', query, tar, signal } as const
    return (await this.#run(request, () => {})).status
  }

  async #run(request: EngineRequest, onProgress: OnProgress): Promise<Outcome> {
    const limit = AbortSignal.timeout(longMs)
    const signal = AbortSignal.any([request.signal, limit])
    try {
      const stream = await this.#transport.open({ ...request, signal, deadlineMs: longMs })
      return await readProgress(stream, onProgress)
    } catch (error) {
      request.signal.throwIfAborted()
      throw explainFetch(error)
    } finally {
      request.tar?.destroy()
    }
  }
}

/** A name's slashes and colons stay as they are: the engine reads all up to the verb. */
function pathOf(name: string): string {
  return `/images/${name.split('/').map(encodeURIComponent).join('/')}`
}

/** A name and its tag or digest. A colon before the last slash is a port. */
function splitTag(name: string): { repo: string; tag?: string } {
  const at = name.indexOf('@')
  if (at > 0) {
    return { repo: name.slice(0, at), tag: name.slice(at + 1) }
  }
  const colon = name.lastIndexOf(':')
  return colon > name.lastIndexOf('/')
    ? { repo: name.slice(0, colon), tag: name.slice(colon + 1) }
    : { repo: name }
}

function readImage(answer: z.infer<typeof ImageAnswer>): ImageState {
  const config = answer.Config ?? {}
  return {
    id: answer.Id,
    tags: answer.RepoTags ?? [],
    architecture: answer.Architecture,
    os: answer.Os,
    sizeBytes: answer.Size,
    labels: config.Labels ?? {},
    env: config.Env ?? [],
    user: config.User ?? '',
    workingDir: config.WorkingDir ?? '',
    entrypoint: config.Entrypoint ?? [],
    cmd: config.Cmd ?? [],
  }
}
