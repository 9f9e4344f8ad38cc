import type { FoundImage, BoxImages, WantedProgram } from '../runtimes/box-images.ts'
import { defaultImage } from '../schema/container.ts'
import { DroverError } from '../schema/error.ts'
import type { Image, ImageRequest } from '../schema/image.ts'
import { findProgram } from '../util/find-program.ts'
import { askDeadlineMs, callSignal, getProvider, type DaemonContext } from './context.ts'

type ImageContext = Pick<
  DaemonContext,
  'runtimes' | 'providers' | 'store' | 'specs' | 'config' | 'baseEnvironment' | 'signal' | 'home'
>

/** What may be told of how far it is. */
type Tell = (text: string) => void

/** Makes an image of agents. Errors: `provider_not_found`, `program_not_found`, `unsupported`, and those of the engine. */
export async function buildImage(
  context: ImageContext,
  request: ImageRequest,
  tell: Tell,
  signal: AbortSignal,
): Promise<Image> {
  const names = request.with.map((each) => each.split('@')[0])
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) {
    throw new DroverError('invalid_request', `with: ${twice} is there twice.`, {
      details: { field: 'with' },
    })
  }
  const programs: WantedProgram[] = []
  for (const wanted of request.with) {
    programs.push(await programOf(context, wanted, request.copy))
  }
  const { tag, from } = request
  const image = await imagesOf(context).build({ tag, from, programs }, tell, signal)
  return view(context, image)
}

/** All that Drover made, the newest first. */
export async function listImages(context: ImageContext): Promise<Image[]> {
  const found = await imagesOf(context).list(callSignal(context, askDeadlineMs))
  return found.map((image) => view(context, image))
}

/** Errors: `image_not_found` for one that Drover did not make, `image_in_use`. */
export async function removeImage(context: ImageContext, name: string): Promise<Image> {
  const image = (await listImages(context)).find(({ id, names }) => isNamed(name, { id, names }))
  if (!image) {
    throw new DroverError(
      'image_not_found',
      `name: Drover has made no image ${name}; \`drover image ls\` lists those that it made.`,
      { details: { field: 'name', image: name } },
    )
  }
  if (image.agents.length > 0) {
    throw new DroverError('image_in_use', `name: ${name} is used by ${image.agents.join(', ')}.`, {
      details: { field: 'name', image: name, agents: image.agents },
    })
  }
  await remove(context, image)
  return image
}

/** Takes away those that no agent uses; in a dry run says which. */
export async function pruneImages(context: ImageContext, isDryRun: boolean): Promise<Image[]> {
  const unused = (await listImages(context)).filter(({ agents }) => agents.length === 0)
  for (const image of isDryRun ? [] : unused) {
    await remove(context, image)
  }
  return unused
}

/** By all its names; one without any by its id. */
async function remove(context: ImageContext, { id, names }: Image): Promise<void> {
  const signal = callSignal(context, removeDeadlineMs)
  for (const name of names.length > 0 ? names : [id]) {
    await imagesOf(context).remove(name, signal)
  }
}

/** Layers may be many, ms. */
const removeDeadlineMs = 120_000

function imagesOf({ runtimes }: ImageContext): BoxImages {
  const images = [...runtimes.values()].find((runtime) => runtime.images)?.images
  if (!images) {
    throw new DroverError('unsupported', 'No runtime here makes containers from images.')
  }
  return images
}

/** The newest version that was tested, where none is named. */
async function programOf(
  context: ImageContext,
  wanted: string,
  isCopy: boolean,
): Promise<WantedProgram> {
  const [name = '', named] = wanted.split('@')
  const provider = getProvider(context, name)
  const { installation, tested } = provider
  if (!installation) {
    throw new DroverError(
      'unsupported',
      `with: ${name} needs no program in an image, or one of your own.`,
      { details: { field: 'with' } },
    )
  }
  if (!isCopy) {
    const version = named ?? tested?.to ?? 'latest'
    return { kind: 'package', provider: name, version, package: installation.package }
  }
  const path = findProgram(context.config.providers[name]?.path ?? installation.program, {
    searchPath: context.baseEnvironment['PATH'] ?? '',
    folder: context.home.folder,
  })
  if (path === null) {
    throw new DroverError('program_not_found', `copy: ${name} is not installed on this machine.`, {
      details: { field: 'copy' },
    })
  }
  const { config, baseEnvironment: env, signal } = context
  const programPath = config.providers[name]?.path ?? null
  const { version } = await provider.detect({ env, programPath, upstreams: {}, signal })
  return { kind: 'copy', provider: name, version: version ?? 'unknown', path }
}

/** With the names of agents; also of those that have no container yet, and would be made of it. */
function view({ store, specs }: ImageContext, image: FoundImage): Image {
  const users = new Set(image.agents.map((id) => store.agents.getName(id) ?? id))
  for (const { id, name } of store.agents.list()) {
    const { container } = specs.get(id)
    const isByName = container && !container.build && container.name === undefined
    if (isByName && image.names.some((each) => isSameName(each, container.image ?? defaultImage))) {
      users.add(name)
    }
  }
  return { ...image, names: [...image.names], programs: { ...image.programs }, agents: [...users] }
}

function isNamed(name: string, { id, names }: Pick<Image, 'id' | 'names'>): boolean {
  const hash = id.replace(/^sha256:/, '')
  const isId = /^[0-9a-f]{12,}$/.test(name) && hash.startsWith(name)
  return id === name || isId || names.some((each) => isSameName(each, name))
}

/** A name without a tag means `latest`, and one without a place that of the engine. */
function isSameName(one: string, other: string): boolean {
  const whole = (name: string): string => {
    const tagged = /[:@][^/]*$/.test(name) ? name : `${name}:latest`
    return tagged.replace(/^(docker\.io\/|localhost\/)?(library\/)?/, '')
  }
  return whole(one) === whole(other)
}
