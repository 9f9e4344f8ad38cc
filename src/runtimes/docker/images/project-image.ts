import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ImageBuild } from '../../../schema/container.ts'
import { DroverError } from '../../../schema/error.ts'
import type { AgentReference } from '../../box.ts'
import type { ImageState } from '../engine/images.ts'
import { findContainer } from '../find-container.ts'
import { hashContext, ignoreText, readContext } from './build-context.ts'
import { buildImage, imageLabels, type ImageTools } from './build-image.ts'

/** Images of projects, one tag for each content. */
const repository = 'drover-build'

/**
 * The image of a project's own Dockerfile. An agent that has a container of it keeps that while the
 * Dockerfile says the same: what it changes in the folder meanwhile makes no other container of it,
 * and none that could not be built. Else it is what the folder holds now, built once for each
 * content. Errors: `image_failed`, and those of a pull.
 */
export async function projectImage(
  tools: ImageTools,
  { agent, build }: { agent: AgentReference; build: ImageBuild },
  signal: AbortSignal,
): Promise<ImageState> {
  const { engine } = tools
  const { context, dockerfile = 'Dockerfile', target } = build
  const recipe = await recipeOf({ context, dockerfile, target: target ?? '' })
  const container = await findContainer(engine, agent, signal)
  const kept = container && (await engine.inspectImage(container.imageId, signal))
  if (kept?.labels[imageLabels.recipe] === recipe) {
    return kept
  }
  tools.tell(`reading ${context}`)
  const inside = path.relative(context, path.resolve(context, dockerfile)).split(path.sep).join('/')
  const entries = await readContext(context, inside, signal)
  const content = hashOf([recipe, await hashContext(entries, signal)])
  const tag = `${repository}:${content.slice(0, 16)}`
  return (
    (await engine.inspectImage(tag, signal)) ??
    (await buildImage(
      tools,
      {
        what: context,
        entries,
        options: {
          tag,
          dockerfile: inside,
          ...(target === undefined ? {} : { target }),
          labels: { [imageLabels.image]: 'build', [imageLabels.recipe]: recipe },
        },
      },
      signal,
    ))
  )
}

async function recipeOf(build: {
  context: string
  dockerfile: string
  target: string
}): Promise<string> {
  const { context, dockerfile, target } = build
  const file = path.resolve(context, dockerfile)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new DroverError('image_failed', `container.build: ${file} can't be read.`, {
      cause: error,
      details: { field: 'container.build.dockerfile' },
    })
  })
  return hashOf([text, await ignoreText(context), dockerfile, target])
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
