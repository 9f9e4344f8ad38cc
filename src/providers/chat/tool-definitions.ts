/** The tools of a chat agent. All of them stay in the agent's folder, but for `remember`. */
export const toolNames = [
  'list_folder',
  'read_file',
  'write_file',
  'edit_file',
  'run_command',
  'remember',
] as const
export type ToolName = (typeof toolNames)[number]

/** A tool as a model is told of it; `parameters` is JSON Schema. */
export interface ToolDefinition {
  name: ToolName
  description: string
  parameters: Record<string, unknown>
}

const text = (description: string) => ({ type: 'string', description })

const definitions: Record<ToolName, ToolDefinition> = {
  list_folder: {
    name: 'list_folder',
    description: 'List what is in a folder: names, those of folders with a slash behind.',
    parameters: parameters({ path: text('Path relative to your folder; "." is your folder.') }, [
      'path',
    ]),
  },
  read_file: {
    name: 'read_file',
    description: 'Read a text file in your folder.',
    parameters: parameters({ path: text('Path relative to your folder.') }, ['path']),
  },
  write_file: {
    name: 'write_file',
    description:
      'Write a text file in your folder; a file that is there is replaced. Folders are made as needed.',
    parameters: parameters(
      { path: text('Path relative to your folder.'), content: text('The whole content.') },
      ['path', 'content'],
    ),
  },
  edit_file: {
    name: 'edit_file',
    description:
      'Replace a piece of a text file in your folder by another. The old piece must be in the file exactly once.',
    parameters: parameters(
      {
        path: text('Path relative to your folder.'),
        old: text('The piece as it is now, with enough around it to be unique.'),
        new: text('What is to stand there.'),
      },
      ['path', 'old', 'new'],
    ),
  },
  run_command: {
    name: 'run_command',
    description:
      'Run a program in your folder and get its output and exit code. There is no shell: give the program and each argument as an item of argv.',
    parameters: parameters(
      {
        argv: {
          type: 'array',
          items: { type: 'string' },
          minItems: 1,
          description: 'Program, then its arguments.',
        },
      },
      ['argv'],
    ),
  },
  remember: {
    name: 'remember',
    description:
      'Write one fact into your memory file. You see that file at the start of every turn, in later conversations too.',
    parameters: parameters({ text: text('The fact, one short sentence.') }, ['text']),
  },
}

function parameters(
  properties: Record<string, unknown>,
  required: string[],
): Record<string, unknown> {
  return { type: 'object', properties, required, additionalProperties: false }
}

export function defineTools(names: readonly ToolName[]): ToolDefinition[] {
  return names.map((name) => definitions[name])
}
