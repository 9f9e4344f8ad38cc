import type { Answer, AskedQuestion, ProviderEvent } from '../contract.ts'
import { bareCommand } from './shell-command.ts'
import { fieldsOf, inputOf, request, requestIds, response, textOf, type Fields } from './wire.ts'

type Question = Extract<ProviderEvent, { type: 'question' }>

/** What an answer needs to know of its question. */
interface Reply extends Fields {
  /** The program's request id, a number or a text. */
  request: unknown
  method: string
  thread: string
  turn: string
  /** Permissions as they were asked for. */
  permissions?: Fields
  /** Ids of the questions that were put in one. */
  questions?: string[]
  /** What a server gets with a yes: an empty form, or nothing. */
  content?: Fields | null
}

/**
 * What the program asks, as a question for a person; null for what is not to be asked here. `tool` is
 * the call that it belongs to, where that was told.
 */
export function questionOf(
  id: unknown,
  method: string,
  params: Fields,
  tool: { name: string; input: unknown } | null,
): Question | null {
  const described = describe(method, params, tool)
  if (!described) {
    return null
  }
  const { extra, ...rest } = described
  const reply: Reply = {
    request: id,
    method,
    thread: textOf(params['threadId']),
    turn: textOf(params['turnId']),
    ...extra,
  }
  return { type: 'question', id: questionId(id), reason: reasonOf(params), reply, ...rest }
}

export function questionId(requestId: unknown): string {
  return String(requestId)
}

function reasonOf(params: Fields): string | null {
  return textOf(params['reason']) || null
}

type Described = Pick<Question, 'tool' | 'input' | 'title'> & { extra?: Partial<Reply> }

function describe(
  method: string,
  params: Fields,
  tool: { name: string; input: unknown } | null,
): Described | null {
  switch (method) {
    case 'item/commandExecution/requestApproval':
      return describeCommand(params)
    case 'item/fileChange/requestApproval': {
      const paths = pathsOf(tool?.input)
      const root = textOf(params['grantRoot'])
      const title = paths.length > 0 ? `change ${paths.join(', ')}` : 'change files'
      const input = tool?.input ?? {}
      return { tool: 'apply_patch', input, title: root ? `${title}, and all of ${root}` : title }
    }
    case 'item/permissions/requestApproval': {
      const permissions = givenOnly(fieldsOf(params['permissions']))
      const title = `get more permissions: ${JSON.stringify(permissions)}`
      const input = { permissions, cwd: params['cwd'] }
      return { tool: 'request_permissions', input, title, extra: { permissions } }
    }
    case 'item/tool/requestUserInput':
      return describeUserInput(params)
    case 'mcpServer/elicitation/request':
      return describeElicitation(params)
    default:
      return null
  }
}

function describeCommand(params: Fields): Described {
  const command = bareCommand(textOf(params['command']))
  const network = textOf(fieldsOf(params['networkApprovalContext'])['host'])
  const isStdin = params['kind'] === 'writeStdin'
  const what = command || 'a command'
  const verb = isStdin ? 'write to the input of' : 'run'
  return {
    tool: network ? 'network' : 'shell',
    input: { command, cwd: params['cwd'] ?? null, ...(network ? { host: network } : {}) },
    title: network ? `connect to ${network}` : `${verb} ${what}`,
  }
}

function describeUserInput(params: Fields): Described {
  const questions = Array.isArray(params['questions']) ? params['questions'].map(fieldsOf) : []
  return {
    tool: 'request_user_input',
    input: { questions },
    title: questions.map((each) => textOf(each['question'])).join(' ') || 'answer a question',
    extra: { questions: questions.map((each) => textOf(each['id'])) },
  }
}

/** A server's question; null where it wants fields filled in, which nobody can here. */
function describeElicitation(params: Fields): Described | null {
  const properties = fieldsOf(fieldsOf(params['requestedSchema'])['properties'])
  if (textOf(params['mode']) !== 'url' && Object.keys(properties).length > 0) {
    return null
  }
  const server = textOf(params['serverName'])
  const message = textOf(params['message']) || 'asks'
  const url = textOf(params['url'])
  return {
    tool: `mcp__${server}`,
    input: { server, message, ...(url ? { url } : {}) },
    title: `${server}: ${message}${url ? ` ${url}` : ''}`,
    extra: { content: url ? null : {} },
  }
}

function pathsOf(input: unknown): string[] {
  const changes = fieldsOf(input)['changes']
  return Array.isArray(changes)
    ? changes.flatMap((change) => textOf(fieldsOf(change)['path']) || [])
    : []
}

/** Without the fields that are null: a grant must not have them. */
function givenOnly(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

/**
 * The answer as the program wants it. Why not, or what to do instead, it takes in no answer to a
 * command or a change of files: that follows as a text into the same turn.
 */
export function encodeAnswer(question: AskedQuestion, answer: Answer): string {
  const reply = fieldsOf(question.reply) as Reply
  const bytes = response(reply.request, resultFor(reply, answer))
  const isExplained = answer.message !== null && answer.message !== '' && !takesText(reply.method)
  if (answer.isAllowed || !isExplained || !reply.turn) {
    return bytes
  }
  const explanation = request(`${requestIds.explain}-${question.id}`, 'turn/steer', {
    threadId: reply.thread,
    expectedTurnId: reply.turn,
    input: inputOf(answer.message!),
  })
  return bytes + explanation
}

export const declinedElicitation = { action: 'decline', content: null, _meta: null }

function takesText(method: string): boolean {
  return method === 'item/tool/requestUserInput'
}

function resultFor(reply: Reply, { isAllowed, isForSession, message }: Answer): Fields {
  switch (reply.method) {
    case 'item/permissions/requestApproval':
      return {
        permissions: isAllowed ? (reply.permissions ?? {}) : {},
        scope: isForSession ? 'session' : 'turn',
      }
    case 'item/tool/requestUserInput': {
      const answers = isAllowed && message ? [message] : []
      return {
        answers: Object.fromEntries((reply.questions ?? []).map((id) => [id, { answers }])),
      }
    }
    case 'mcpServer/elicitation/request':
      return isAllowed
        ? { action: 'accept', content: reply.content ?? null, _meta: null }
        : declinedElicitation
    default: {
      const accepted = isForSession ? 'acceptForSession' : 'accept'
      return { decision: isAllowed ? accepted : 'decline' }
    }
  }
}
