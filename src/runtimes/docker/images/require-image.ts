import { defaultImage } from '../../../schema/container.ts'
import { DroverError } from '../../../schema/error.ts'
import type { BoxWish } from '../../box.ts'
import type { ImageState } from '../engine/images.ts'
import type { ImageTools } from './build-image.ts'
import { projectImage } from './project-image.ts'
import { pullImage } from './pull-image.ts'

/**
 * The image that an agent's container is made from; one that is missing is built or fetched. Errors:
 * `image_not_found`, `image_failed`, `image_unfit`, `registry_unreachable`, `disk_full`.
 */
export async function requireImage(
  tools: ImageTools,
  { agent, container }: Pick<BoxWish, 'agent' | 'container'>,
  signal: AbortSignal,
): Promise<ImageState> {
  const { build, image: name = defaultImage } = container
  if (build) {
    return checkFit(tools, await projectImage(tools, { agent, build }, signal), 'container.build')
  }
  const there = await tools.engine.inspectImage(name, signal)
  if (there) {
    return checkFit(tools, there, 'container.image')
  }
  if (name === defaultImage) {
    throw new DroverError(
      'image_not_found',
      `container.image: there is no image ${name} yet; \`drover image build\` makes it.`,
      { details: { field: 'container.image', image: name } },
    )
  }
  await pullImage(tools, name, signal)
  const pulled = await tools.engine.inspectImage(name, signal)
  if (!pulled) {
    throw new DroverError('image_not_found', `container.image: there is no image ${name} here.`, {
      details: { field: 'container.image', image: name },
    })
  }
  return checkFit(tools, pulled, 'container.image')
}

/** Errors: `image_unfit`. */
function checkFit({ engine }: ImageTools, image: ImageState, field: string): ImageState {
  const { architecture } = engine.facts
  if (image.architecture !== architecture) {
    const name = image.tags[0] ?? image.id
    throw new DroverError(
      'image_unfit',
      `${field}: ${name} is for ${image.architecture}, and this machine is ${architecture}.`,
      { details: { field, image: name } },
    )
  }
  return image
}
