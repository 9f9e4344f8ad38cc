import { createColors, wantsColors } from './colors.ts'
import { commands, type CommandEntry } from './commands.ts'
import type { CliContext } from './context.ts'

const groups: readonly (readonly [CommandEntry['group'], string])[] = [
  ['agents', 'Agents'],
  ['talking', 'Talking'],
  ['looking', 'Looking'],
  ['daemon', 'The daemon'],
  ['more', 'More'],
]

/** The short help: what Drover is, and the verbs by what they are for. */
export function formatOverview({ stdout, env, version }: CliContext): string {
  const { bold, dim, cyan } = createColors(wantsColors(stdout.isTTY === true, env))
  const entries = Object.values(commands)
  const width = Math.max(...entries.map(({ usage }) => usage.length))
  const lines = [
    `${bold('Drover')} ${version}: one control plane for AI agents`,
    '',
    ...groups.flatMap(([group, title]) => [
      bold(title),
      ...entries
        .filter((entry) => entry.group === group)
        .map(({ usage, summary }) => `  ${cyan(usage.padEnd(width))}  ${summary}`),
      '',
    ]),
    dim('Begin:   drover up --detach'),
    dim('         drover run hello "Who are you?" --name hello --wait'),
    dim('Options: drover help COMMAND; --json works everywhere'),
  ]
  return `${lines.join('\n')}\n`
}
