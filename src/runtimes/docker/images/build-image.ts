import { DroverError } from '../../../schema/error.ts'
import { plainText } from '../../../util/plain-text.ts'
import type { Engine } from '../engine/engine.ts'
import type { BuildOptions, ImageState } from '../engine/images.ts'
import { packTar, type TarEntry } from '../tar/pack-tar.ts'
import { readStep, tellBuild, type Tell } from './tell-progress.ts'

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
  /** How long a registry may say nothing, ms; left out: 45 s. */
  silenceMs?: number
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
  let step = { name: 'its Dockerfile', said: [] as string[] }
  const told = tellBuild(what, tell)
  tell(`building ${what}: sending ${entries.length} ${entries.length === 1 ? 'file' : 'files'}`)
  try {
    await engine.buildImage(
      packTar(entries),
      options,
      (progress) => {
        const name = readStep(progress.text)
        if (name !== null) {
          step = { name, said: [] }
        } else if (!/^(?: *--->|Removing intermediate container )/.test(progress.text)) {
          step.said.push(plainText(progress.text).trimEnd())
          step.said.splice(0, step.said.length - toldLines)
        }
        told(progress)
      },
      signal,
    )
  } catch (error) {
    throw signal.aborted ? error : explainBuild(what, error, step)
  }
  const image = await engine.inspectImage(options.tag, signal)
  if (!image) {
    throw new DroverError('image_failed', `${what}: the engine built no image.`)
  }
  return image
}

/** A step that failed is told with what it said; all else as the engine told it. */
function explainBuild(
  what: string,
  error: unknown,
  { name, said }: { name: string; said: readonly string[] },
): unknown {
  const isStep = error instanceof DroverError && /^engine_(failed|refused)$/.test(error.code)
  if (!isStep) {
    return error
  }
  const problem = error.message.replace(/^The engine says: /, '').replace(/\.$/, '')
  const [, code = 'an error'] = /returned a non-zero code: (\d+)/.exec(problem) ?? []
  const output = said.join('\n')
  // A long command is cut in what the engine says, and with it the code after it.
  const why = problem.startsWith("The command '")
    ? `${name} ended with ${code}${output === '' ? '.' : `:\n${output}`}`
    : `${problem}.`
  return new DroverError('image_failed', `${what} could not be built: ${why}`, {
    cause: error,
    details: { step: name, output },
  })
}
