import type { ProviderEvent } from '../contract.ts'
import type { ClaudeRequest } from './wire.ts'

type Described = Pick<
  Extract<ProviderEvent, { type: 'question' }>,
  'tool' | 'input' | 'title' | 'reason'
>

/** Longest title and reason, characters: they are shown in a line each. */
const longest = 300

/** What a person is asked, in a line, and why, where the program says so. */
export function describeQuestion(request: ClaudeRequest): Described {
  const tool = typeof request.tool_name === 'string' ? request.tool_name : 'unknown tool'
  const input = request.input ?? {}
  const gist = gistOf(input)
  const reason = oneLine(request.decision_reason) || oneLine(request.description)
  return {
    tool,
    input,
    title: oneLine(gist === '' ? tool : `${tool}: ${gist}`),
    reason: reason === '' ? null : reason,
  }
}

/** Fields that say what a tool is about to do, the most telling first. */
const tellingFields = [
  'command',
  'file_path',
  'notebook_path',
  'url',
  'query',
  'pattern',
  'path',
  'plan',
  'skill',
  'description',
  'prompt',
] as const

function gistOf(input: unknown): string {
  const fields = input as Record<string, unknown>
  if (Array.isArray(fields['questions'])) {
    return fields['questions']
      .map((asked: { question?: unknown } | null) => oneLine(asked?.question))
      .join(' ')
  }
  const telling = tellingFields.find((name) => typeof fields[name] === 'string')
  return telling ? oneLine(fields[telling]) : oneLine(JSON.stringify(input))
}

/** Control characters would steer the terminal of whoever decides. */
function oneLine(text: unknown): string {
  return typeof text === 'string'
    ? text
        .replaceAll(/\p{Cc}+/gu, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim()
        .slice(0, longest)
    : ''
}
