import { z } from 'zod'
import { buildImage, listImages, pruneImages, removeImage, type Daemon } from '../daemon/index.ts'
import { DroverError, toProblem } from '../schema/error.ts'
import { Image, ImageLine, ImageQuery, ImageRequest, PruneImagesRequest } from '../schema/image.ts'
import { answerJson } from './answer.ts'
import { ok } from './ok-response.ts'
import { defineRoute, mount, type ApiApp } from './route.ts'
import { requestSignal, streamPieces } from './streams.ts'

/** The routes of images, as data. */
export const imageRoutes = {
  listImages: defineRoute({
    method: 'get',
    path: '/v1/images',
    summary: 'Images that Drover made for agents, and who uses them.',
    response: ok('Images, the newest first', z.array(Image)),
  }),
  buildImage: defineRoute({
    method: 'post',
    path: '/v1/images',
    summary:
      'Make an image of agents with the programs of some providers. It ends when the client goes.',
    body: ImageRequest,
    response: {
      status: 200,
      description:
        'A line of JSON for each thing there is to tell; the last has `image` or `problem`',
      schema: ImageLine,
      contentType: 'application/x-ndjson',
    },
  }),
  removeImage: defineRoute({
    method: 'delete',
    path: '/v1/images',
    summary: 'Remove an image that Drover made and no agent uses.',
    query: ImageQuery,
    response: ok('What was removed', Image),
  }),
  pruneImages: defineRoute({
    method: 'post',
    path: '/v1/images/prune',
    summary: 'Remove all images that Drover made and no agent uses.',
    body: PruneImagesRequest,
    response: ok('What was removed; in a dry run, what would be', z.array(Image)),
  }),
} as const

export function mountImageRoutes(app: ApiApp, daemon: Daemon): void {
  const { context } = daemon
  mount(app, imageRoutes.listImages, async ({ c }) => answerJson(c, await listImages(context)))
  mount(app, imageRoutes.buildImage, async ({ body, c }) => {
    const signal = requestSignal(c, daemon)
    const lines = buildLines((tell) => buildImage(context, body, tell, signal))
    // What fails at once is refused as any request.
    const first = await lines.next()
    return await streamPieces(c, 'application/x-ndjson', piecesOf(first, lines), signal)
  })
  mount(app, imageRoutes.removeImage, async ({ query, c }) =>
    answerJson(c, await removeImage(context, query.name)),
  )
  mount(app, imageRoutes.pruneImages, async ({ body, c }) =>
    answerJson(c, await pruneImages(context, body.dryRun)),
  )
}

/** Who reads slowly misses some of what is told, never the end. Throws what failed before anything was told. */
async function* buildLines(
  work: (tell: (text: string) => void) => Promise<Image>,
): AsyncGenerator<ImageLine, void, undefined> {
  let told: string | null = null
  let said: string | null = null
  let news = Promise.withResolvers<void>()
  const tell = (text: string): void => {
    told = text
    news.resolve()
  }
  const end = work(tell).then(
    (image) => ({ image }),
    (error: unknown) => ({ error }),
  )
  for (;;) {
    const ended = await Promise.race([end, news.promise])
    if (ended) {
      if ('error' in ended && said === null) {
        throw ended.error
      }
      return yield 'image' in ended ? ended : { problem: { ...problemOf(ended.error) } }
    }
    news = Promise.withResolvers()
    if (told !== null && told !== said) {
      said = told
      yield { text: told }
    }
  }
}

function problemOf(error: unknown): ReturnType<typeof toProblem> {
  return toProblem(
    error instanceof DroverError ? error : new DroverError('internal', String(error)),
  )
}

async function* piecesOf(
  first: IteratorResult<ImageLine, void>,
  rest: AsyncGenerator<ImageLine, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  const encode = (line: ImageLine): Buffer => Buffer.from(`${JSON.stringify(line)}\n`)
  if (!first.done) {
    yield encode(first.value)
    for await (const line of rest) {
      yield encode(line)
    }
  }
}
