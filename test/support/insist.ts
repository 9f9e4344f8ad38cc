import { isUnreachable } from '../../src/client/resuming-stream.ts'

/**
 * Makes a request until it is answered: where the daemon died the next one is started, as a service
 * manager would, and the same request is made again.
 */
export async function insist<T>(
  startNext: () => Promise<void>,
  request: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await request()
    } catch (error) {
      if (!isUnreachable(error)) {
        throw error
      }
      await startNext()
    }
  }
}
