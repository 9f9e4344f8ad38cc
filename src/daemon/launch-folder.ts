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

/** What only an agent that is made can be given. */
const ofNewAgents = [
  'runtime',
  'model',
  'persona',
  'trigger',
  'env',
  'program',
  'options',
  'graceMs',
  'initialPrompt',
  'lifecycle',
  'budget',
  'limits',
  'approvals',
  'label',
  'tags',
  'capabilities',
  'automationId',
  'effort',
  'profile',
  'policy',
  'addDirs',
  'promptAppend',
  'args',
  'bare',
  'alwaysOn',
  'workspace',
  'worktree',
  'resume',
  'ephemeral',
] as const satisfies (keyof RunRequest)[]

/**
 * The agent of a folder begins a fresh session, at once if it is at rest, else at its turn boundary.
 * Errors: `agent_not_found` where none works in the folder, `invalid_request` where several do or
 * more is asked than one that is there can be given, those of an agent that takes nothing, and those
 * of a message.
 */
export function launchFolder(
  { context, reconciler, mailbox }: LaunchParts,
  request: RunRequest,
): { agentId: string; message: Message | null } {
  const { store } = context
  checkFields(request)
  const agent = findByFolder(context, request)
  const letter = {
    id: request.requestId ?? createId('msg'),
    body: request.prompt ?? '',
    from: 'user',
  }
  const message = (): Message | null =>
    request.prompt === undefined ? null : mailbox.show(letter.id)
  if (mailbox.isRepeated(agent, letter)) {
    return { agentId: agent.id, message: message() }
  }
  const refusal = refusalOf(context, agent)
  if (refusal) {
    throw new DroverError(refusal.code, `${agent.name} can't start: ${refusal.cause}.`, {
      details: { agent: agent.name },
    })
  }
  mailbox.checkRoom(agent)
  reconciler.records.change(agent.id, 'durable', () => {
    store.agents.setNew(agent.id, true)
    store.agents.setWish(agent.id, 'wake')
    if (request.prompt !== undefined) {
      mailbox.store(agent.id, letter)
    }
    reconciler.records.advance(agent.id)
  })
  faultPoint('request-committed')
  reconciler.kick(agent.id)
  return { agentId: agent.id, message: message() }
}

function checkFields(request: RunRequest): void {
  // A worktree without a branch says as much as one with it.
  const field = request.worktree ? 'worktree' : ofNewAgents.find((each) => isGiven(request[each]))
  if (field !== undefined) {
    throw new DroverError('invalid_request', `${field}: needs a template, to make an agent with.`, {
      details: { field },
    })
  }
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
    const whose = name === undefined ? 'no agent' : `no agent ${name}`
    throw new DroverError(
      'agent_not_found',
      `template: is missing, and ${whose} works in ${folder}; name a template to make one.`,
      { details: { field: 'template', dir: folder } },
    )
  }
  if (found.length > 1) {
    const names = found.map((each) => each.name).join(', ')
    throw new DroverError(
      'invalid_request',
      `name: is missing, and several agents work in ${folder}: ${names}.`,
      { details: { field: 'name', dir: folder } },
    )
  }
  return agent
}

function isGiven(value: unknown): boolean {
  return typeof value === 'object' && value !== null
    ? Object.keys(value).length > 0
    : value !== undefined && value !== false
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}
