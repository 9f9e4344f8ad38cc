/**
 * The script of a scripted model stands in the prompt, as directives:
 *
 * - `[[bash:CMD]]`        call the client's shell tool
 * - `[[tool:NAME JSON]]`  call a tool by name
 * - `[[say:TEXT]]`        say this
 * - `[[slow:N]]`          say `tick0 tick1 …`, N words, 200 ms apart
 * - `[[fail:STATUS]]`     answer with this HTTP status; `[[fail:STATUS SECONDS]]` also says when to try again
 *
 * Tool calls come first, in order, one an answer; then the first of the others. With no directive
 * the last line of the prompt is echoed; after a tool, its result is quoted.
 */

/** What a request comes down to, whatever its wire format. */
export interface Prompt {
  /** The latest text from the user. */
  text: string
  /** Results of tools called since, oldest first. */
  toolResults: readonly string[]
  /** Names of the tools that the client offers. */
  tools: readonly string[]
}

/** What the model does next. */
export type Answer =
  | { kind: 'text'; words: readonly string[]; gapMs: number }
  | { kind: 'tool'; name: string; input: unknown }
  | { kind: 'failure'; status: number; retryAfterSeconds: number | null }

const quickGapMs = 5
const slowGapMs = 200
const pieceLength = 12
const echoLength = 200

interface Directive {
  verb: string
  value: string
}

/** The next answer to a prompt. Pure. */
export function planAnswer(prompt: Prompt): Answer {
  const directives = [...prompt.text.matchAll(/\[\[(\w+):?([\s\S]*?)\]\](?!\])/g)].map(
    ([, verb = '', value = '']): Directive => ({ verb, value }),
  )
  const calls =
    prompt.tools.length > 0
      ? directives.filter(({ verb }) => verb === 'bash' || verb === 'tool')
      : []
  const call = calls[prompt.toolResults.length]
  if (call) {
    return planCall(call, prompt.tools)
  }
  const last = directives.find(({ verb }) => verb === 'say' || verb === 'slow' || verb === 'fail')
  return last ? planLast(last) : say(echo(prompt))
}

function planLast({ verb, value }: Directive): Answer {
  if (verb === 'fail') {
    const [status, seconds] = value.split(' ')
    return {
      kind: 'failure',
      status: Number(status) || 500,
      retryAfterSeconds: seconds === undefined ? null : Number(seconds),
    }
  }
  if (verb === 'slow') {
    const words = Array.from({ length: Number(value) || 20 }, (_, index) => `tick${index} `)
    return { kind: 'text', words, gapMs: slowGapMs }
  }
  return say(value)
}

function echo({ text, toolResults }: Prompt): string {
  const result = toolResults.at(-1)
  return result === undefined
    ? `echo: ${(text.trim().split('\n').at(-1) ?? '').slice(0, echoLength)}`
    : `tool said: ${result.slice(0, echoLength)}`
}

/** A text in small pieces, as a stream brings them. */
function say(text: string): Answer {
  return {
    kind: 'text',
    words: text.match(new RegExp(`[\\s\\S]{1,${pieceLength}}`, 'gu')) ?? [''],
    gapMs: quickGapMs,
  }
}

function planCall({ verb, value }: Directive, tools: readonly string[]): Answer {
  if (verb === 'bash') {
    return planShell(value, tools)
  }
  const space = value.indexOf(' ')
  const [name, input] =
    space === -1 ? [value, '{}'] : [value.slice(0, space), value.slice(space + 1)]
  try {
    return { kind: 'tool', name, input: JSON.parse(input) as unknown }
  } catch {
    return say(`[[tool:${name}]] is not followed by JSON`)
  }
}

/** How the shell tools of agent programs take a command. */
const shellTools: Record<string, (command: string) => unknown> = {
  Bash: (command) => ({ command, description: 'run' }),
  bash: (command) => ({ command, description: 'run' }),
  run_shell_command: (command) => ({ command, description: 'run' }),
  exec_command: (command) => ({ cmd: command }),
  // Codex's newer models call their tools from JavaScript.
  exec: (command) =>
    `const done = await tools.exec_command({ cmd: ${JSON.stringify(command)} }); text(done.output)`,
  shell_command: (command) => ({ command }),
  shell: (command) => ({ command: ['bash', '-lc', command] }),
  run_command: (command) => ({ argv: ['bash', '-c', command] }),
}

function planShell(command: string, tools: readonly string[]): Answer {
  for (const [name, input] of Object.entries(shellTools)) {
    if (tools.includes(name)) {
      return { kind: 'tool', name, input: input(command) }
    }
  }
  return say('the client offers no shell tool')
}
