import type { Command } from 'commander'
import { DroverError } from '../schema/error.ts'
import type { LogEntry } from '../schema/event.ts'
import type { Colors } from './colors.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { countParser } from './option-values.ts'
import { addNameArgument } from './own-agent.ts'
import { plainText } from './plain-text.ts'
import { formatClock } from './relative-time.ts'

interface LogsOptions extends CommonOptions {
  follow?: boolean
  lines?: number
  since?: number
  raw?: boolean
}

export function logsCommand(invocation: Invocation): Command {
  const { context } = invocation
  return addNameArgument(createCommand('logs', context), context)
    .description('Show what an agent said.')
    .option('-f, --follow', 'stay and show what comes')
    .option('-n, --lines <count>', 'only the last lines', countParser('lines'))
    .option('--since <seq>', 'only what came after this event', countParser('since'))
    .option('--raw', 'the bytes as recorded, terminal codes and all')
    .action(async (name: string, options: LogsOptions) => {
      if (options.raw && options.json) {
        throw new DroverError('usage', '--raw and --json exclude each other.')
      }
      await (options.raw
        ? printBytes(invocation, name, options)
        : printEntries(invocation, name, options))
    })
}

async function printBytes(
  { client, output }: Invocation,
  name: string,
  options: LogsOptions,
): Promise<void> {
  const { follow, lines, since } = options
  for await (const chunk of await client.logs(name, { format: 'raw', follow, lines, since })) {
    await output.write(chunk)
  }
}

async function printEntries(
  { client, output }: Invocation,
  name: string,
  { follow, lines, since, json }: LogsOptions,
): Promise<void> {
  const stream = client.logEntries(name, {
    isFollowing: follow ?? false,
    lines,
    since,
    onReconnect: (error) => {
      if (error) {
        output.note('drover: the daemon went away; trying again …')
      }
    },
  })
  await stream.open()
  const format = output.isTerminal
    ? (entry: LogEntry) => formatForTerminal(entry, output.colors)
    : formatPlain
  try {
    for await (const entry of stream) {
      await (json ? output.json(entry) : output.line(format(entry)))
    }
  } catch (error) {
    // It was removed while its log was followed: that is the log's end.
    if (!(error instanceof DroverError && error.code === 'agent_not_found')) {
      throw error
    }
  }
}

function formatPlain({ stream, text }: LogEntry): string {
  return eachLine(text, (line) => (stream === 'system' ? `-- ${line}` : line))
}

function formatForTerminal({ at, stream, text }: LogEntry, colors: Colors): string {
  const time = colors.dim(formatClock(at))
  const paint = {
    out: (line: string) => line,
    err: colors.yellow,
    system: (line: string) => colors.dim(`– ${line}`),
  }[stream]
  return eachLine(text, (line) => `${time} ${paint(line)}`)
}

/** An entry that a terminal shows on several rows is as many lines. */
function eachLine(text: string, format: (line: string) => string): string {
  return plainText(text).split('\n').map(format).join('\n')
}
