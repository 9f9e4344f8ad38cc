/** A person pressed Ctrl-C in a wait; `message` says what goes on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/**
 * Runs work that a person may leave by Ctrl-C: its signal is aborted, and whatever it then throws
 * becomes `Interrupted` with `message`, which says what goes on.
 */
export async function withInterrupt<Result>(
  message: () => string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController()
  const interrupt = (): void => controller.abort()
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    return await work(controller.signal)
  } catch (error) {
    throw controller.signal.aborted ? new Interrupted(message(), { cause: error }) : error
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}
