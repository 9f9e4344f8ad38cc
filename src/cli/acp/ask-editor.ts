import type { AgentContext, PermissionOption } from '@agentclientprotocol/sdk'
import type { Client } from '../../client/index.ts'
import type { Approval } from '../../schema/approval.ts'

const options: PermissionOption[] = [
  { optionId: 'allow', kind: 'allow_once', name: 'Allow' },
  { optionId: 'allow-session', kind: 'allow_always', name: 'Allow for this session' },
  { optionId: 'deny', kind: 'reject_once', name: 'Deny' },
]

/**
 * Asks the person at the editor. Somebody may answer elsewhere meanwhile: then the editor's question
 * is withdrawn, and so it is when the signal aborts. An editor that withdraws its answer leaves the
 * question open for others.
 */
export async function askEditor(
  client: Client,
  editor: AgentContext,
  { sessionId, id, signal }: { sessionId: string; id: string; signal: AbortSignal },
): Promise<void> {
  const approval = await client.approvals.show(id, { signal })
  if (approval.state !== 'open') {
    return
  }
  const decided = new AbortController()
  const withdrawn = AbortSignal.any([signal, decided.signal])
  const watch = waitForDecision(client, approval, withdrawn)
    .then(() => decided.abort())
    .catch(() => undefined)
  try {
    const { outcome } = await editor.request(
      'session/request_permission',
      {
        sessionId,
        options,
        toolCall: {
          toolCallId: approval.id,
          title: approval.title,
          kind: 'other',
          status: 'pending',
          rawInput: approval.input,
          ...(approval.reason === null
            ? {}
            : { content: [{ type: 'content', content: { type: 'text', text: approval.reason } }] }),
        },
      },
      { cancellationSignal: withdrawn, stopWaitingOnCancel: true },
    )
    if (outcome.outcome !== 'selected') {
      return
    }
    const { optionId } = outcome
    await (optionId === 'deny'
      ? client.approvals.deny(id, {}, { signal })
      : client.approvals.approve(id, { forSession: optionId === 'allow-session' }, { signal }))
  } catch (error) {
    if (!withdrawn.aborted) {
      throw error
    }
  } finally {
    decided.abort()
    await watch
  }
}

/** Resolves when somebody has answered, or it is asked no more. */
async function waitForDecision(
  client: Client,
  { id, agent }: Approval,
  signal: AbortSignal,
): Promise<void> {
  const { lastSeq: since } = await client.status({ signal })
  const events = await client.events({ since, agent, signal }).open()
  const { state } = await client.approvals.show(id, { signal })
  if (state !== 'open') {
    return
  }
  for await (const { type, data } of events) {
    const isEnd = type === 'approval.decided' || type === 'approval.withdrawn'
    if (isEnd && data['id'] === id) {
      return
    }
  }
}
