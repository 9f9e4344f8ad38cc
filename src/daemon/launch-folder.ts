import { realpathSync } from 'node:fs'
import { DroverError } from '../schema/error.ts'
import type { Message } from '../schema/message.ts'
import type { RunRequest } from '../schema/requests.ts'
import type { AgentRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { Mailbox } from './mailbox.ts'
import type { Reconciler } from './reconciler.ts'
import { refusalOf } from './refusal.ts'

export interface LaunchParts {
  context: DaemonContext
  reconciler: Reconciler
  mailbox: Mailbox
}

/**
 * The agent of a folder begins a fresh session, at once if it is at rest, else at its turn boundary.
 * Errors: `agent_not_found` where none works in the folder, `conflict` where several do, and those
 * of an agent that takes nothing.
 */
export function launchFolder(
  { context, reconciler, mailbox }: LaunchParts,
  request: RunRequest,
): { agentId: string; message: Message | null } {
  const { store } = context
  const agent = findByFolder(context, request)
  const refusal = refusalOf(context, agent)
  if (refusal) {
    throw new DroverError(refusal.code, `${agent.name} can't start: ${refusal.cause}.`, {
      details: { agent: agent.name },
    })
  }
  const id = request.requestId ?? createId('msg')
  const isRepeated = store.messages.get(id)?.agent_id === agent.id
  if (!isRepeated) {
    reconciler.records.change(agent.id, 'durable', () => {
      store.agents.setNew(agent.id, true)
      store.agents.setWish(agent.id, 'wake')
      if (request.prompt !== undefined) {
        mailbox.store(agent.id, { id, body: request.prompt, from: 'user' })
      }
      reconciler.records.advance(agent.id)
    })
    faultPoint('request-committed')
    reconciler.kick(agent.id)
  }
  return { agentId: agent.id, message: request.prompt === undefined ? null : mailbox.show(id) }
}

function findByFolder({ store }: DaemonContext, { dir, defaultDir, name }: RunRequest): AgentRow {
  const folder = dir ?? defaultDir
  if (folder === undefined) {
    throw new DroverError('invalid_request', 'template: is missing.', {
      details: { field: 'template' },
    })
  }
  const found = store.agents
    .listByFolder(realFolder(folder))
    .filter((agent) => name === undefined || agent.name === name)
  const [agent] = found
  if (!agent) {
    throw new DroverError(
      'agent_not_found',
      `template: is missing, and no agent works in ${folder}.`,
      { details: { field: 'template', dir: folder } },
    )
  }
  if (found.length > 1) {
    const names = found.map((each) => each.name).join(', ')
    throw new DroverError('conflict', `dir: several agents work in ${folder}: ${names}.`, {
      details: { field: 'dir', dir: folder },
    })
  }
  return agent
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}
