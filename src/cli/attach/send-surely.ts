import type { Client } from '../../client/index.ts'
import { isUnreachable, pause } from '../../client/resuming-stream.ts'
import type { Message } from '../../schema/message.ts'

/** How long a daemon that is away is waited for, ms. */
const awayMs = 30_000
const pauseMs = 200

/**
 * Sends a message over a daemon that goes away and comes back; its id makes sending it twice
 * harmless. Errors: as `send`, and `daemon_unreachable` when the daemon stays away.
 */
export async function sendSurely(
  client: Client,
  name: string,
  letter: { id: string; body: string; signal: AbortSignal },
): Promise<Message> {
  const { signal, ...request } = letter
  const end = performance.now() + awayMs
  for (;;) {
    try {
      return await client.send(name, request, { signal })
    } catch (error) {
      if (!isUnreachable(error) || performance.now() >= end) {
        throw error
      }
      await pause(pauseMs, signal)
    }
  }
}
