import { limits } from '../schema/limits.ts'
import type { Message } from '../schema/message.ts'
import { answerMs, type WaitOptions } from './call-options.ts'
import { isUnreachable, pause } from './resuming-stream.ts'

export interface MessageWait {
  timeoutSeconds: number
  signal?: AbortSignal | undefined
}

/** How long one long poll is held; short enough that a lost daemon is noticed. */
const pollSeconds = 60

/** Asks, each time as long as one request may wait, until the message is final or the time is up. */
export async function waitForMessage(
  ask: (wait: WaitOptions) => Promise<Message>,
  { timeoutSeconds, signal }: MessageWait,
): Promise<Message> {
  const end = performance.now() + timeoutSeconds * 1000
  let awayUntil: number | null = null
  while (true) {
    const leftSeconds = Math.max((end - performance.now()) / 1000, 0)
    try {
      const waitSeconds = Math.min(leftSeconds, pollSeconds, limits.waitSeconds)
      const message = await ask({ waitSeconds, signal })
      awayUntil = null
      if (isFinal(message) || performance.now() >= end) {
        return message
      }
    } catch (error) {
      awayUntil ??= Math.min(performance.now() + answerMs, end)
      if (!isUnreachable(error) || performance.now() >= awayUntil) {
        throw error
      }
      await pause(200, signal)
    }
  }
}

/** As in the schema, which can't be imported here: it brings zod. */
function isFinal({ state }: Message): boolean {
  return state === 'done' || state === 'failed' || state === 'refused' || state === 'dead'
}
