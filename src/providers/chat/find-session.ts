import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { FoundSession, SessionRequest } from '../contract.ts'

/** Its conversations are each agent's own: there is none from elsewhere. */
export async function findChatSession({
  stateFolder,
  session,
}: SessionRequest): Promise<FoundSession | null> {
  if (session === null || path.basename(session) !== session) {
    return null
  }
  return await stat(path.join(stateFolder, 'sessions', `${session}.jsonl`)).then(
    () => ({ id: session, files: [] }),
    () => null,
  )
}
