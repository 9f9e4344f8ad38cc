import { DroverError } from '../../../schema/error.ts'
import type { Engine } from '../engine/engine.ts'
import type { BuildOptions, ImageState } from '../engine/images.ts'
import { packTar, type TarEntry } from './tar.ts'
import { tellBuild, type Tell } from './tell-progress.ts'

/** Names of labels of images. */
export const imageLabels = {
  /** What it is for: `agent`, made by `drover image build`, or `build`, from a project's Dockerfile. */
  image: 'drover.image',
  /** Of a project: what its Dockerfile says, and what is left out of its folder. */
  recipe: 'drover.recipe',
  /** Providers whose programs are in it, and their versions: `claude=2.1.329,codex=`. */
  programs: 'drover.programs',
  /** What it was made from. */
  from: 'drover.from',
} as const

export interface ImageTools {
  engine: Engine
  tell: Tell
}

export interface ImageBuildOrder {
  /** For people, in what is told. */
  what: string
  entries: readonly TarEntry[]
  options: BuildOptions
}

/** How many lines of a failed step are told. */
const toldLines = 12

/**
 * Builds it. What was begun and did not end leaves no image. Errors: `image_failed` with what the
 * step said, and those of a pull for what it is made from.
 */
export async function buildImage(
  { engine, tell }: ImageTools,
  { what, entries, options }: ImageBuildOrder,
  signal: AbortSignal,
): Promise<ImageState> {
  const said: string[] = []
  const told = tellBuild(what, tell)
  tell(`building ${what}: sending ${entries.length} files`)
  try {
    await engine.buildImage(
      packTar(entries),
      options,
      (progress) => {
        said.push(progress.text)
        said.splice(0, said.length - toldLines)
        told(progress)
      },
      signal,
    )
  } catch (error) {
    throw signal.aborted ? error : explainBuild(what, error, said)
  }
  const image = await engine.inspectImage(options.tag, signal)
  if (!image) {
    throw new DroverError('image_failed', `${what}: the engine built no image.`)
  }
  return image
}

/** A step that failed is told with what it said; all else as the engine told it. */
function explainBuild(what: string, error: unknown, said: readonly string[]): unknown {
  const isStep = error instanceof DroverError && /^engine_(failed|refused)$/.test(error.code)
  if (!isStep) {
    return error
  }
  const output = said.filter((line) => !/^ ?--->/.test(line)).join('\n')
  const problem = error.message.replace(/^The engine says: /, '').replace(/\.$/, '')
  return new DroverError('image_failed', `${what} could not be built: ${problem}.\n${output}`, {
    cause: error,
    details: { output },
  })
}
