/** Flags that can't be given as they are: what to use instead, or why there is nothing to. */
const instead: Readonly<Record<string, string>> = {
  '--model': 'model of the agent',
  '--permission-mode': 'option permissionMode',
  '--dangerously-skip-permissions': 'option permissionMode=bypassPermissions',
  '--allow-dangerously-skip-permissions': 'option permissionMode=bypassPermissions',
  '--max-turns': 'option maxTurns',
  '--effort': 'effort of the agent',
  '--agent': 'profile of the agent',
  '--fallback-model': 'option fallbackModel',
  '--add-dir': 'addDirs of the agent',
  '--system-prompt': 'option systemPrompt',
  '--system-prompt-file': 'option systemPrompt',
  '--append-system-prompt': 'promptAppend of the agent',
  '--append-system-prompt-file': 'promptAppend of the agent',
  '--allowedTools': 'option allowedTools',
  '--allowed-tools': 'option allowedTools',
  '--disallowedTools': 'option disallowedTools',
  '--disallowed-tools': 'option disallowedTools',
  '--mcp-config': 'option mcpConfig',
  '--settings': 'option settings',
}

/** How Drover speaks with it, which session it has and that it stays where Drover put it. */
const own = new Set([
  '-p',
  '--print',
  '--verbose',
  '--input-format',
  '--output-format',
  '--include-partial-messages',
  '--replay-user-messages',
  '--permission-prompt-tool',
  '--permission-prompts',
  '--system-prompt-snapshot',
  '-r',
  '--resume',
  '-c',
  '--continue',
  '--session-id',
  '--fork-session',
  '--from-pr',
  '--no-session-persistence',
  '--bg',
  '--background',
  '--cloud',
  '--teleport',
  '--remote-control',
  '--desktop',
  '--tmux',
  '-w',
  '--worktree',
  '-h',
  '--help',
  '-v',
  '--version',
])

/** Why arguments can't be given to it; null when they can. */
export function refuseClaudeArguments(args: readonly string[]): string | null {
  const [first] = args
  if (first !== undefined && !first.startsWith('-')) {
    return `${first} would be taken for a message`
  }
  return args.map(takenFlag).find((reason) => reason !== null) ?? null
}

function takenFlag(argument: string): string | null {
  const [flag = ''] = argument.split('=', 1)
  const other = Object.hasOwn(instead, flag) ? instead[flag] : undefined
  if (other) {
    return `${flag} is set by Drover: use the ${other}`
  }
  return own.has(flag) ? `${flag} is set by Drover` : null
}
