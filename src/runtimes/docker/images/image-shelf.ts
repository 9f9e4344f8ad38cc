import type { BoxImages, FoundImage, ImageOrder } from '../../box-images.ts'
import type { EngineLink } from '../engine-link.ts'
import type { Engine } from '../engine/engine.ts'
import type { ImageSummary } from '../engine/images.ts'
import { labels } from '../plan-container.ts'
import { planAgentImage, readPrograms } from './agent-image.ts'
import { buildImage, imageLabels } from './build-image.ts'
import { pullImage } from './pull-image.ts'
import type { Tell } from './tell-progress.ts'

/** Images that we made, of agents and of projects. They carry a label, whatever they are called. */
export class ImageShelf implements BoxImages {
  readonly #link: EngineLink

  constructor(link: EngineLink) {
    this.#link = link
  }

  async build(order: ImageOrder, tell: Tell, signal: AbortSignal): Promise<FoundImage> {
    const engine = await this.#link.engine(signal)
    const { entries, labels: own } = await planAgentImage(order)
    if (!(await engine.inspectImage(order.from, signal))) {
      await pullImage({ engine, tell }, order.from, signal)
    }
    const options = { tag: order.tag, labels: own }
    const built = await buildImage({ engine, tell }, { what: order.tag, entries, options }, signal)
    const found = (await this.#list(engine, signal)).find(({ id }) => id === built.id)
    if (!found) {
      throw new Error(`The engine does not list ${order.tag}, which it built.`)
    }
    return found
  }

  async list(signal: AbortSignal): Promise<FoundImage[]> {
    return await this.#list(await this.#link.engine(signal), signal)
  }

  async remove(nameOrId: string, signal: AbortSignal): Promise<void> {
    await (await this.#link.engine(signal)).removeImage(nameOrId, signal)
  }

  async #list(engine: Engine, signal: AbortSignal): Promise<FoundImage[]> {
    const [images, containers] = await Promise.all([
      engine.listImages([imageLabels.image], signal),
      engine.listContainers([labels.agent], signal, { all: true }),
    ])
    return images
      .map((image) => {
        const own = containers.filter(({ imageId }) => imageId === image.id)
        return { ...describe(image), agents: own.map((each) => each.labels[labels.agent] ?? '') }
      })
      .toSorted((a, b) => b.createdAt - a.createdAt)
  }
}

function describe(image: ImageSummary): Omit<FoundImage, 'agents'> {
  const { id, tags, sizeBytes, createdAt, labels: has } = image
  return {
    id,
    names: tags.filter((tag) => !tag.includes('<none>')),
    purpose: has[imageLabels.image] === 'build' ? 'project' : 'agent',
    from: has[imageLabels.from] ?? null,
    programs: readPrograms(has[imageLabels.programs]),
    sizeBytes,
    createdAt,
  }
}
