import type { z } from 'zod'
import { DroverError } from '../schema/error.ts'
import { toDroverError } from './route.ts'

/** What a text frame of a WebSocket says. Errors: `invalid_request`. */
export function parseFrame<T>(schema: z.ZodType<T>, data: Buffer): T {
  let value: unknown
  try {
    value = JSON.parse(data.toString())
  } catch (error) {
    throw new DroverError('invalid_request', 'frame: is not JSON.', {
      details: { field: 'frame' },
      cause: error,
    })
  }
  const frame = schema.safeParse(value)
  if (!frame.success) {
    throw toDroverError(frame.error)
  }
  return frame.data
}
