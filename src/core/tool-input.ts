/** Keys whose value says all that matters of a tool's input, in the order in which they are looked for. */
const commandKeys = ['command', 'cmd', 'argv'] as const
const tellingKeys = [
  'host',
  'file_path',
  'filePath',
  'path',
  'notebook_path',
  'url',
  'pattern',
  'query',
]

/** Keys whose values are files or folders that the tool works on. Where it works says nothing of that. */
const pathKeys = [
  'file_path',
  'filePath',
  'filepath',
  'path',
  'paths',
  'file',
  'files',
  'filename',
  'notebook_path',
  'target_file',
  'old_path',
  'new_path',
  'source',
  'destination',
]

/** A shell that is only there to run a text: `bash -lc TEXT`. */
const shellWords = /^(?:\S*\/)?(?:ba|z|da|k)?sh$/
const shellLine = /^(?:\S*\/)?(?:ba|z|da|k)?sh\s+-l?c\s+(['"])((?:(?!\1)[\s\S])*)\1$/

/** What of a command begins another one, or leads to a file. */
const joints = /[;&|<>(){}`\n\r]+|\$(?=[({])/

/**
 * The text that patterns are compared with: the command of a shell, the path, address or search of
 * a tool that has one, else the whole input as JSON with its keys in order.
 */
export function inputText(input: unknown): string {
  const command = commandOf(input)
  if (command !== null) {
    return command
  }
  if (typeof input === 'string') {
    return input
  }
  if (isRecord(input)) {
    const key = tellingKeys.find((each) => typeof input[each] === 'string')
    if (key !== undefined) {
      return String(input[key])
    }
  }
  return input === undefined || input === null ? '' : canonicalJson(input)
}

/** The command that a shell would run; null for a tool that is no shell, or that is about a command's way out. */
export function commandOf(input: unknown): string | null {
  const value = Array.isArray(input) ? input : commandValue(input)
  if (typeof value === 'string') {
    return shellLine.exec(value.trim())?.[2] ?? value
  }
  if (!Array.isArray(value) || !value.every((word) => typeof word === 'string')) {
    return null
  }
  const [shell = '', flag = '', text] = value
  const isShell = value.length === 3 && shellWords.test(shell) && /^-l?c$/.test(flag)
  return isShell && text !== undefined ? text : value.join(' ')
}

function commandValue(input: unknown): unknown {
  return isRecord(input) && typeof input['host'] !== 'string'
    ? commandKeys.map((key) => input[key]).find((each) => each !== undefined)
    : undefined
}

/** The commands that a line of a shell may run, roughly: quotes are not understood, so it rather cuts too often. */
export function commandParts(command: string): string[] {
  return command
    .split(joints)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** The files and folders that an input names; null where it names none, as a command does. */
export function inputPaths(input: unknown): string[] | null {
  if (!isRecord(input) || commandOf(input) !== null) {
    return null
  }
  const changes = Array.isArray(input['changes']) ? input['changes'] : []
  const changed = changes.map((change) => (isRecord(change) ? change['path'] : change))
  const values = [...pathKeys.flatMap((key) => input[key] ?? []), ...changed]
  const paths = values.filter((value): value is string => typeof value === 'string')
  return paths.length > 0 && paths.length === values.length ? paths : null
}

/** The same value is always the same text: keys of objects are in order. */
export function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, each: unknown) =>
      isRecord(each)
        ? Object.fromEntries(
            Object.entries(each).toSorted(([one], [other]) => (one < other ? -1 : 1)),
          )
        : each,
    ) ?? 'null'
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
