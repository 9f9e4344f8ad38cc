import type { Entry, ToolCall } from './conversation.ts'
import type { CommandResult } from './run-command.ts'
import { runTool } from './run-tool.ts'
import type { TurnContext } from './take-turn.ts'

/** Does what the model asked for, once a person allowed it where that is wanted. Rejects when the turn is aborted in a question. */
export async function callTool(
  turn: string,
  call: ToolCall,
  context: Pick<TurnContext, 'config' | 'output' | 'questions' | 'signal'>,
): Promise<Entry> {
  const { output } = context
  const { id, name } = call
  const input = readableInput(call.input)
  output.event(turn, { type: 'tool_call', id, name, input })
  const result = await permittedResult(call, input, context)
  const { output: text, isError } = result
  output.event(turn, { type: 'tool_result', id, output: text, is_error: isError })
  return { type: 'tool', id, output: text, isError }
}

async function permittedResult(
  call: ToolCall,
  input: unknown,
  { config, questions, signal }: Pick<TurnContext, 'config' | 'questions' | 'signal'>,
): Promise<CommandResult> {
  if (config.askedTools.some((asked) => asked === call.name)) {
    const permission = await questions.ask(call, input, signal)
    if (!permission.isAllowed) {
      const why = permission.message === '' ? '' : `: ${permission.message}`
      return { output: `Not allowed${why}`, isError: true }
    }
  }
  return await runTool(call, config, signal)
}

function readableInput(input: string): unknown {
  try {
    return JSON.parse(input.trim() || '{}')
  } catch {
    return input
  }
}
