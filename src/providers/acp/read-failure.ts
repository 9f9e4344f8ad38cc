import { classifyError, type ClassifiedError } from '../classify-error.ts'
import { isObject, objectOf, textOf, type RpcError } from './wire.ts'

/** Longest reason told, characters. */
const longestReason = 2000

/**
 * What went wrong, in words: the details where the program puts them beside the message, and the
 * sentence within where the message is a model API's own JSON.
 */
export function reasonOf({ message, data }: RpcError): string {
  const details = textOf(data) ?? textOf(objectOf(data)['details'])
  const said = innerMessage(message) ?? message
  const whole = details === null || said.includes(details) ? said : `${said}: ${details}`
  return whole.slice(0, longestReason)
}

/** The class of a failed turn. Some programs give a model API's status as the code of their error. */
export function classifyRpcError(error: RpcError, now: number): ClassifiedError {
  const { code, message, data } = error
  const status = code !== null && code >= 300 && code < 600 ? code : null
  const found = classifyError({ status, text: `${message}\n${reasonOf(error)}` }, now)
  if (found.class !== 'unknown') {
    return found
  }
  const kind = textOf(objectOf(data)['errorKind'])
  const isAuth = code === -32_000
  return { ...found, class: isAuth ? 'auth' : classifyError({ code: kind }, now).class }
}

function innerMessage(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text)
    const error = isObject(value) ? value['error'] : null
    return textOf(objectOf(error)['message'])
  } catch {
    return null
  }
}
