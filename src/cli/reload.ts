import type { Command } from 'commander'
import type { Reloaded } from '../schema/reports.ts'
import type { ReloadRequest } from '../schema/requests.ts'
import { formatAgentLine } from './format-agent.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { collectOptions } from './option-values.ts'
import { readText } from './read-text.ts'

interface ReloadOptions extends CommonOptions {
  model?: string | false
  persona?: string | false
  trigger?: string | false
  option?: Record<string, unknown>
}

const moments: Readonly<Record<Reloaded['when'], string>> = {
  now: 'from its next turn on',
  'next-turn': 'once its turn is over: it is brought up anew and goes on with its session',
  'next-run': 'when it wakes',
}

export function reloadCommand(invocation: Invocation): Command {
  const { context, client, output } = invocation
  return createCommand('reload', context)
    .description(
      'Change an agent while it lives: at once where its program can, else after its turn.',
    )
    .argument('<name>', 'agent')
    .option('--model <name>', 'another model')
    .option('--persona <text>', 'another persona, or - for standard input')
    .option('--trigger <word>', 'another word that a message must hold')
    .option('--no-model', "the provider's default model")
    .option('--no-persona', 'no persona')
    .option('--no-trigger', 'answer every message')
    .option(
      '--option <name=value>',
      'an option of its provider, null takes it away; may be given many times',
      collectOptions,
    )
    .action(async (name: string, { json, ...options }: ReloadOptions) => {
      const change = await readChange(invocation, options)
      const result = await client.reload(name, change)
      const when = output.colors.dim(`  changed ${moments[result.when]}`)
      const line = formatAgentLine(result.agent, output.colors, output.isTerminal)
      await (json ? output.json(result) : output.line(`${line}${when}`))
    })
}

/** `--no-x` takes a thing away; what is not named stays. */
async function readChange(
  { context }: Invocation,
  options: Omit<ReloadOptions, 'json'>,
): Promise<ReloadRequest> {
  const given = Object.entries(options).filter(
    ([key, value]) => value !== undefined && (value as unknown) !== true && changeable.has(key),
  )
  const values = given.map(async ([key, value]) => {
    const text =
      key === 'persona' && typeof value === 'string' ? await readText(value, context) : value
    return [key, text === false ? null : text] as const
  })
  return {
    ...Object.fromEntries(await Promise.all(values)),
    ...(options.option ? { options: options.option } : {}),
  }
}

const changeable: ReadonlySet<string> = new Set(['model', 'persona', 'trigger'])
