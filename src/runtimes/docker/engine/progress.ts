import type { Readable } from 'node:stream'
import { z } from 'zod'
import { DroverError } from '../../../schema/error.ts'
import { readJsonLines } from './json-lines.ts'
import { explainRefusal } from './refusal.ts'

/** How far a long call is. */
export interface Progress {
  /** For people: `Downloading`, a line of a build's output. */
  text: string
  /** The layer it is about; null where it is about the whole. */
  layer: string | null
  /** Of the layer; null where the engine does not say. */
  currentBytes: number | null
  totalBytes: number | null
}

export type OnProgress = (progress: Progress) => void

const ProgressLine = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z
    .object({ current: z.number().optional(), total: z.number().optional() })
    .nullish(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string().optional() }).nullish(),
  aux: z.object({ ID: z.string().optional() }).nullish(),
})

/** What a long call came to. */
export interface Outcome {
  /** Id of the image that was built; null for other calls. */
  imageId: string | null
  /** The last status. */
  status: string
}

/** Reads it to its end. An error that is told in it is thrown; one that the stream breaks with, too. */
export async function readProgress(source: Readable, onProgress: OnProgress): Promise<Outcome> {
  const outcome: Outcome = { imageId: null, status: '' }
  try {
    for await (const value of readJsonLines(source)) {
      const line = ProgressLine.parse(value)
      const failure = line.errorDetail?.message ?? line.error
      if (failure !== undefined) {
        throw explainRefusal({ status: 0, message: failure })
      }
      outcome.imageId = line.aux?.ID ?? outcome.imageId
      outcome.status = line.status ?? outcome.status
      const text = (line.stream ?? line.status ?? '').trimEnd()
      if (text !== '') {
        const { current = null, total = null } = line.progressDetail ?? {}
        onProgress({ text, layer: line.id ?? null, currentBytes: current, totalBytes: total })
      }
    }
  } catch (error) {
    source.destroy()
    throw error instanceof DroverError ? error : broken(error)
  }
  return outcome
}

function broken(cause: unknown): DroverError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const text = `The engine did not tell the end of it: ${why}.`
  return new DroverError('engine_unreachable', text, { cause })
}
