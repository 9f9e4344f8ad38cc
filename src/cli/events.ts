import type { Command } from 'commander'
import type { Event } from '../schema/event.ts'
import type { Colors } from './colors.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { countParser } from './option-values.ts'
import { oneLine } from './plain-text.ts'
import { formatClock } from './relative-time.ts'
import { truncateText } from './text-width.ts'

interface EventsOptions extends CommonOptions {
  follow?: boolean
  since?: number
  agent?: string
}

export function eventsCommand({ context, client, output }: Invocation): Command {
  return createCommand('events', context)
    .description('Show what happened, by number: --since continues where an earlier call ended.')
    .option('-f, --follow', 'stay and show what comes')
    .option('--since <seq>', 'only events after this number', countParser('since'))
    .option('--agent <name>', 'only events of this agent')
    .action(async ({ follow, since, agent, json }: EventsOptions) => {
      const events = client.events({
        isFollowing: follow ?? false,
        since,
        agent,
        onReconnect: (error) => {
          if (error) {
            output.note('drover: the daemon went away; trying again …')
          }
        },
      })
      for await (const event of events) {
        await (json
          ? output.json(event)
          : output.line(formatEvent(event, output.colors, output.width)))
      }
    })
}

export function formatEvent(event: Event, colors: Colors, width: number): string {
  const start = `${String(event.seq).padStart(6)}  ${formatClock(event.at)}  `
  const agent = (event.agent ?? '').padEnd(14)
  const type = event.type.padEnd(16)
  const facts = truncateText(formatFacts(event.data), Math.max(width - start.length - 34, 20))
  return `${colors.dim(start)}${colors.bold(agent)}  ${colors.cyan(type)}  ${facts}`.trimEnd()
}

/** `state=done reply="Hello"`: short facts in one line. */
function formatFacts(data: Event['data']): string {
  return Object.entries(data)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${formatFact(value)}`)
    .join(' ')
}

const longestFact = 200

function formatFact(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/@-]+$/.test(value)) {
    return value
  }
  return oneLine(truncateText(JSON.stringify(value), longestFact))
}
