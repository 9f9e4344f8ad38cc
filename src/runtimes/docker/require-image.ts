import { DroverError } from '../../schema/error.ts'
import type { BoxWish } from '../contract.ts'
import type { Engine } from './engine/engine.ts'
import type { ImageState } from './engine/images.ts'

/** The image that an agent's container is made from. Errors: `image_not_found`, `unsupported`. */
export async function requireImage(
  engine: Engine,
  { container }: Pick<BoxWish, 'container'>,
  signal: AbortSignal,
): Promise<ImageState> {
  const { image: name } = container
  if (name === undefined) {
    throw new DroverError('unsupported', 'container: only image is known here.', {
      details: { field: 'container' },
    })
  }
  const image = await engine.inspectImage(name, signal)
  if (!image) {
    throw new DroverError('image_not_found', `container.image: there is no image ${name} here.`, {
      details: { field: 'container.image', image: name },
    })
  }
  const { architecture } = engine.facts
  if (image.architecture !== architecture) {
    throw new DroverError(
      'unsupported',
      `container.image: ${name} is for ${image.architecture}, and this machine is ${architecture}.`,
      { details: { field: 'container.image', image: name } },
    )
  }
  return image
}
