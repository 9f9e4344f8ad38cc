import type { Client } from '../client/index.ts'
import type { Approval } from '../schema/approval.ts'
import { answerHint, formatAsked } from './format-approval.ts'
import type { Invocation } from './invocation.ts'
import { findOwnAgent } from './own-agent.ts'

/** A wait shorter than this does not ask whether somebody is asked, ms. */
const patienceMs = 400

export interface QuestionNotesOptions {
  agent: string
  signal: AbortSignal
  /** Takes a line for people. */
  note: (text: string) => void
}

/** Who waits for an agent is told when the agent waits for them, and how to answer. Stopped by hand. */
export function startQuestionNotes(
  { context, client }: Pick<Invocation, 'context' | 'client'>,
  { agent, signal, note }: QuestionNotesOptions,
): { stop: () => void } {
  // An agent may not answer the questions of another, nor see them.
  if (findOwnAgent(context.env)) {
    return { stop: () => undefined }
  }
  const over = new AbortController()
  const watched = AbortSignal.any([signal, over.signal])
  const tell = (approval: Approval): void =>
    note(`${formatAsked(approval)}\n  ${answerHint(approval)}`)
  const timer = setTimeout(() => {
    watchQuestions(client, { agent, signal: watched }, tell).catch(() => undefined)
  }, patienceMs)
  return {
    stop: () => {
      clearTimeout(timer)
      over.abort()
    },
  }
}

/** Tells of each question once that is open when it is looked at. */
async function watchQuestions(
  client: Client,
  { agent, signal }: { agent: string; signal: AbortSignal },
  tell: (approval: Approval) => void,
): Promise<void> {
  const { lastSeq: since } = await client.status({ signal })
  const told = new Set<string>()
  const tellOnce = (approval: Approval): void => {
    if (approval.state === 'open' && !told.has(approval.id)) {
      told.add(approval.id)
      tell(approval)
    }
  }
  const open = await client.approvals.list({ agent, state: 'open', signal })
  open.forEach(tellOnce)
  for await (const { type, data } of client.events({ since, agent, signal })) {
    if (type === 'approval.asked') {
      // Its policy may have answered already.
      tellOnce(await client.approvals.show(String(data['id']), { signal }))
    }
  }
}
