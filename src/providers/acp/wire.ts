import type {
  AGENT_METHODS,
  CLIENT_METHODS,
  PROTOCOL_METHODS,
  PROTOCOL_VERSION,
} from '@agentclientprotocol/sdk'

/**
 * The Agent Client Protocol as lines: JSON-RPC 2.0, one message a line. Names and version are
 * checked against the official SDK by their types, so nothing of it is loaded for them.
 * Source: agentclientprotocol.com, protocol version 1.
 */
export const protocolVersion: typeof PROTOCOL_VERSION = 1

type AgentMethods = typeof AGENT_METHODS
type ClientMethods = typeof CLIENT_METHODS

/** Methods of the stable protocol. */
export const methods = {
  initialize: 'initialize' satisfies AgentMethods['initialize'],
  authenticate: 'authenticate' satisfies AgentMethods['authenticate'],
  newSession: 'session/new' satisfies AgentMethods['session_new'],
  loadSession: 'session/load' satisfies AgentMethods['session_load'],
  resumeSession: 'session/resume' satisfies AgentMethods['session_resume'],
  setMode: 'session/set_mode' satisfies AgentMethods['session_set_mode'],
  setConfigOption: 'session/set_config_option' satisfies AgentMethods['session_set_config_option'],
  prompt: 'session/prompt' satisfies AgentMethods['session_prompt'],
  cancel: 'session/cancel' satisfies AgentMethods['session_cancel'],
  update: 'session/update' satisfies ClientMethods['session_update'],
  requestPermission:
    'session/request_permission' satisfies ClientMethods['session_request_permission'],
  cancelRequest: '$/cancel_request' satisfies (typeof PROTOCOL_METHODS)['cancel_request'],
} as const

/** Methods that programs offer and the stable protocol does not name yet. */
export const draftMethods = { forkSession: 'session/fork', setModel: 'session/set_model' } as const

export type JsonObject = Record<string, unknown>

export type RpcId = string | number | null

/** A line of the program's. */
export type RpcMessage =
  | { kind: 'request'; id: RpcId; method: string; params: JsonObject }
  | { kind: 'notification'; method: string; params: JsonObject }
  | { kind: 'answer'; id: RpcId; result: unknown; error: RpcError | null }

export interface RpcError {
  code: number | null
  message: string
  data: unknown
}

/** JSON-RPC 2.0: there is no such method. */
const methodNotFound = -32_601

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field that should be an object; an empty one where it is not. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

/** A field that should be a list of objects. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** A field that should be a string; null where it is not, or is empty. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** Null: the line is no JSON-RPC. */
export function readRpc(line: string): RpcMessage | null {
  const message = parse(line)
  if (!message) {
    return null
  }
  const { id, method, params } = message
  const isId = id === null || typeof id === 'string' || typeof id === 'number'
  if (typeof method === 'string') {
    return isId
      ? { kind: 'request', id, method, params: objectOf(params) }
      : { kind: 'notification', method, params: objectOf(params) }
  }
  if (!isId || !('result' in message || 'error' in message)) {
    return null
  }
  return { kind: 'answer', id, result: message['result'], error: readError(message['error']) }
}

function parse(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function readError(error: unknown): RpcError | null {
  if (error === undefined || error === null) {
    return null
  }
  const { code, message, data } = objectOf(error)
  return {
    code: typeof code === 'number' ? code : null,
    message: textOf(message) ?? 'The program named no reason.',
    data,
  }
}

export function requestLine(id: RpcId, method: string, params: object): string {
  return encode({ id, method, params })
}

export function notificationLine(method: string, params: object): string {
  return encode({ method, params })
}

export function answerLine(id: RpcId, result: object): string {
  return encode({ id, result })
}

/** What a program is told that asks for something this client does not have. */
export function refusalLine(id: RpcId, method: string): string {
  return encode({ id, error: { code: methodNotFound, message: `Method not found: ${method}` } })
}

function encode(message: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`
}
