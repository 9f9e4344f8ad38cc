import { DroverError } from '../../../schema/error.ts'
import type { ImageTools } from './build-image.ts'
import { tellPull } from './tell-progress.ts'

/** A registry that says nothing for so long is out of reach, ms. */
const usualSilenceMs = 45_000

/** Fetches it. Errors: `registry_unreachable`, `image_not_found`, `image_unfit`, `disk_full`. */
export async function pullImage(
  { engine, tell, silenceMs = usualSilenceMs }: ImageTools,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), silenceMs)
  const told = tellPull(name, tell)
  tell(`pulling ${name}`)
  try {
    await engine.pullImage(
      name,
      (progress) => {
        timer.refresh()
        told(progress)
      },
      AbortSignal.any([signal, silence.signal]),
    )
  } catch (error) {
    if (silence.signal.aborted && !signal.aborted) {
      throw new DroverError(
        'registry_unreachable',
        `The registry of ${name} has said nothing for ${silenceMs / 1000} s.`,
        { cause: error },
      )
    }
    if (error instanceof DroverError && error.code === 'registry_unreachable') {
      const text = `Image ${name} is not here, and can't be fetched. ${error.message}`
      throw new DroverError(error.code, text, { details: error.details, cause: error })
    }
    throw error
  } finally {
    clearTimeout(timer)
  }
}
