import type { Cost } from '../../schema/agent.ts'
import { errorClasses, type ErrorClass } from '../../schema/error-class.ts'
import type { ProviderEvent } from '../contract.ts'
import { isRecord, type RunnerError } from './protocol.ts'

/**
 * Readers for fields that a foreign program filled in: what is missing or of the wrong type is
 * null or a plain default, never a throw.
 */

export function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

export function asNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}

export function asErrorClass(value: unknown): ErrorClass {
  return errorClasses.find((known) => known === value) ?? 'unknown'
}

/** `error` of `agent_stopped`: null, an object, or a plain sentence. */
export function readError(value: unknown): RunnerError | null {
  if (typeof value === 'string') {
    return { class: 'unknown', message: value }
  }
  if (!isRecord(value)) {
    return null
  }
  return {
    class: asErrorClass(value['class']),
    message: asText(value['message']) ?? 'The program named no reason.',
    ...(typeof value['until'] === 'number' && Number.isSafeInteger(value['until'])
      ? { until: value['until'] }
      : {}),
  }
}

/** As the program tells it, also what is less than nothing: the daemon says that it is not believed. */
export function readCost(value: Record<string, unknown>): Cost {
  const usage = isRecord(value['usage']) ? value['usage'] : {}
  return {
    usd: asFigure(value['cost_usd']),
    inputTokens: asCount(usage['input_tokens']),
    outputTokens: asCount(usage['output_tokens']),
    ...withCount('cachedInputTokens', usage['cached_input_tokens']),
    ...withCount('reasoningTokens', usage['reasoning_tokens']),
  }
}

function withCount(name: keyof Cost, value: unknown): Partial<Cost> {
  const count = asCount(value)
  return count === null ? {} : { [name]: count }
}

/** What answered, where the program says so. */
export function readModel(value: Record<string, unknown>): { model?: string } {
  const model = asText(value['model'])
  return model === null || model === '' ? {} : { model: model.slice(0, 200) }
}

function asCount(value: unknown): number | null {
  const number = asFigure(value)
  return number === null ? null : Math.round(number)
}

function asFigure(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** `event` of `agent_event`; null when it says nothing we know. */
export function readEvent(event: Record<string, unknown>): ProviderEvent | null {
  const { type, id, name, input, output, status, detail, message } = event
  const text = asText(event['text']) ?? ''
  switch (type) {
    case 'text':
    case 'thinking':
      return text === '' ? null : { type, text }
    case 'tool_call':
      return {
        type: 'tool.call',
        id: asText(id) ?? '',
        name: asText(name) ?? '',
        input: input ?? null,
      }
    case 'tool_result':
      return {
        type: 'tool.result',
        id: asText(id) ?? '',
        output: asOutput(output),
        isError: event['is_error'] === true,
      }
    case 'status':
      return {
        type,
        status: asText(status) ?? '',
        ...(typeof detail === 'string' ? { detail } : {}),
      }
    case 'error':
      return {
        type,
        class: asErrorClass(event['class']),
        message: asText(message) ?? 'The program named no reason.',
      }
    default:
      return null
  }
}

function asOutput(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
