import { statSync } from 'node:fs'
import type { LaunchRequest, ProviderLaunch, Transcript } from '../../contract.ts'
import { hookCommand, nodeOf, notesEnvironment } from '../../terminal/notes.ts'
import { prepareGemini, type PreparedGemini } from '../launch.ts'
import { findSessionCopy } from '../session-copy.ts'

/** Of these it is told what happens at its terminal. It waits for each, so there are few. */
const events = ['SessionStart', 'BeforeAgent', 'AfterAgent', 'Notification'] as const

/** A note is written at once; a machine under load may take longer to begin, ms. */
const hookMs = 60_000

/** argv, settings and hooks of Gemini CLI at a terminal. Errors: those of `prepareGemini`. */
export function launchGeminiAtTerminal(request: LaunchRequest): ProviderLaunch {
  const { resume, newSession, runFolder } = request
  const environment = notesEnvironment(runFolder)
  const hookOf = (event: string): object => ({
    name: 'drover',
    type: 'command',
    command: hookCommand({ verb: 'note', event, node: nodeOf(request), environment }),
    timeout: hookMs,
  })
  const prepared = prepareGemini(request, {
    hooks: Object.fromEntries(events.map((event) => [event, [{ hooks: [hookOf(event)] }]])),
    hooksConfig: { notifications: false },
  })
  const transcript = resume === null ? null : transcriptOf(prepared, resume)
  return {
    argv: [
      prepared.program,
      ...prepared.flags,
      ...(resume === null ? ['--session-id', newSession] : ['--resume', resume]),
    ],
    env: prepared.env,
    files: prepared.files,
    ...(transcript ? { transcript } : {}),
  }
}

/** It writes on in the copy of its session, first of all once it has read it. */
function transcriptOf({ own, copy }: PreparedGemini, session: string): Transcript | null {
  const file = copy?.path ?? findSessionCopy(own, session)
  if (file === null) {
    return null
  }
  return { file, offset: copy ? Buffer.byteLength(copy.content) : statSync(file).size }
}
