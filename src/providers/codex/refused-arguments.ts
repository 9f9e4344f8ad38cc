/** Flags that Drover sets itself, and what to use instead. */
const refusedFlags: Readonly<Record<string, string>> = {
  '--listen': 'Drover talks to it over stdio',
  '--stdio': 'Drover talks to it over stdio',
  '--json': 'Drover sets it',
  '-m': 'use --model',
  '--model': 'use --model',
  '-s': 'use the option sandbox',
  '--sandbox': 'use the option sandbox',
  '-a': 'use the option approvalPolicy',
  '--ask-for-approval': 'use the option approvalPolicy',
  '--dangerously-bypass-approvals-and-sandbox':
    'use the options approvalPolicy never and sandbox danger-full-access',
  '-p': 'use --profile',
  '--profile': 'use --profile',
  '-C': 'use --dir',
  '--cd': 'use --dir',
  '--add-dir': 'use --add-dir of Drover',
  '--skip-git-repo-check': 'Drover sets it',
  '--ephemeral': 'its session could not be resumed',
  '--last': 'Drover names the session',
  '--ignore-user-config': 'Drover writes the settings',
}

/** Settings that Drover gives, and what to use instead. */
const refusedSettings: Readonly<Record<string, string>> = {
  model: 'use --model',
  model_provider: 'set gateway.upstreams.openai in config.yaml',
  approval_policy: 'use the option approvalPolicy',
  sandbox_mode: 'use the option sandbox',
  model_reasoning_effort: 'use --effort',
  'sandbox_workspace_write.writable_roots': 'use --add-dir of Drover',
  'sandbox_workspace_write.network_access': 'use the option network',
  developer_instructions: 'use --persona',
  check_for_update_on_startup: 'Drover sets it',
  'analytics.enabled': 'Drover sets it',
}

/** Why one of the arguments can't be given, by its name; null: all can. */
export function refusedArgument(args: readonly string[]): string | null {
  if (args[0] !== undefined && !args[0].startsWith('-')) {
    return `${args[0]} can't be given: the first argument is a flag`
  }
  for (const [index, argument] of args.entries()) {
    const [name = '', ...values] = argument.split('=')
    const why = refusedFlags[name]
    if (why) {
      return `${name} can't be given: ${why}`
    }
    if (name === '-c' || name === '--config') {
      const [setting = ''] = (values.length > 0 ? values.join('=') : (args[index + 1] ?? '')).split(
        '=',
      )
      const reason = refusedSettings[setting.trim()]
      if (reason) {
        return `${name} ${setting.trim()} can't be given: ${reason}`
      }
    }
  }
  return null
}
