import type { ChatConfig } from './chat-config.ts'
import { editFileInside, listFolderInside, readFileInside, writeFileInside } from './file-tools.ts'
import { appendMemory } from './memory.ts'
import type { ToolCall } from './conversation.ts'
import type { CommandResult } from './run-command.ts'
import { toolNames, type ToolName } from './tool-definitions.ts'

/** Does what a model asked for. Never rejects: whatever is wrong with the call is its result. */
export async function runTool(
  call: ToolCall,
  config: ChatConfig,
  signal: AbortSignal,
): Promise<CommandResult> {
  const name = toolNames.find(
    (candidate) => candidate === call.name && config.tools.includes(candidate),
  )
  if (!name) {
    return { output: `There is no tool ${JSON.stringify(call.name)}.`, isError: true }
  }
  try {
    return await tools[name]({ input: parseInput(call.input), config, signal })
  } catch (error) {
    return { output: error instanceof Error ? error.message : String(error), isError: true }
  }
}

interface Execution {
  input: Record<string, unknown>
  config: ChatConfig
  signal: AbortSignal
}

const tools: Record<ToolName, (execution: Execution) => CommandResult | Promise<CommandResult>> = {
  list_folder: ({ input, config }) =>
    done(listFolderInside(config.folder, textField(input, 'path'))),
  read_file: ({ input, config }) => done(readFileInside(config.folder, textField(input, 'path'))),
  write_file: ({ input, config }) =>
    done(writeFileInside(config.folder, textField(input, 'path'), textField(input, 'content'))),
  edit_file: ({ input, config }) =>
    done(
      editFileInside(config.folder, textField(input, 'path'), {
        old: textField(input, 'old'),
        new: textField(input, 'new'),
      }),
    ),
  async run_command({ input, config, signal }) {
    // Loaded at the first use: most agents never start a program, and each pays for what it loads.
    const { runCommand } = await import('./run-command.ts')
    const { folder, limits } = config
    return runCommand(argvField(input), { folder, deadlineMs: limits.commandDeadlineMs, signal })
  },
  remember({ input, config }) {
    appendMemory(config.memory, config.folder, textField(input, 'text'))
    return done('Remembered.')
  },
}

function done(output: string): CommandResult {
  return { output, isError: false }
}

/** A tool's input as an object. Throws with a sentence that the model can act on. */
export function parseInput(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text.trim() || '{}')
  } catch {
    throw new Error('The input is not JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('The input is not an object.')
  }
  return value as Record<string, unknown>
}

function textField(input: Record<string, unknown>, name: string): string {
  const value = input[name]
  if (typeof value !== 'string') {
    throw new Error(`"${name}" must be a string.`)
  }
  return value
}

function argvField(input: Record<string, unknown>): string[] {
  const { argv } = input
  const isValid =
    Array.isArray(argv) && argv.length > 0 && argv.every((item) => typeof item === 'string')
  if (!isValid || argv.some((item: string) => item.includes('\0')) || argv[0] === '') {
    throw new Error('"argv" must be a list of strings: the program, then its arguments.')
  }
  return argv
}
