import { Option, type Command } from 'commander'
import type { Message, MessageMode } from '../schema/message.ts'
import { formatWait, isWaiting } from './format-wait.ts'
import { withInterrupt } from './interrupt.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { defaultTimeoutSeconds, parseSeconds } from './option-values.ts'
import { findOwnAgent } from './own-agent.ts'
import { plainText } from './plain-text.ts'
import { readText } from './read-text.ts'

interface SendOptions extends CommonOptions {
  wait?: boolean
  timeout: number
  id?: string
  steer?: boolean
  interrupt?: boolean
}

export function sendCommand(invocation: Invocation): Command {
  return createCommand('send', invocation.context)
    .description('Write to an agent. A sleeping one wakes; the message is kept until it is done.')
    .argument('<name>', 'agent')
    .argument('<text>', 'the message, or - for standard input')
    .option('-w, --wait', 'wait for the reply and print it')
    .option('--timeout <time>', 'how long to wait', parseSeconds, defaultTimeoutSeconds)
    .option('--id <key>', 'the same key twice is the same message')
    .option('--steer', 'join the turn it is in, where its program can')
    .addOption(
      new Option('--interrupt', 'end the turn it is in first, where its program can').conflicts(
        'steer',
      ),
    )
    .action(async (name: string, given: string, options: SendOptions) => {
      const body = await readText(given, invocation.context)
      const mode = options.steer ? 'steer' : options.interrupt ? 'interrupt' : undefined
      await send(invocation, name, { ...options, body, ...(mode ? { mode } : {}) })
    })
}

async function send(
  invocation: Invocation,
  name: string,
  { body, id, json, wait, timeout, mode }: SendOptions & { body: string; mode?: MessageMode },
): Promise<void> {
  const { client, output } = invocation
  const request = { body, ...(id === undefined ? {} : { id }), ...(mode ? { mode } : {}) }
  // An agent can't follow the events of another.
  const isInside = findOwnAgent(invocation.context.env) !== null
  const isStreamed = wait === true && !json && output.isTerminal && !isInside
  let message: Message | null = null
  await withInterrupt(
    () =>
      message
        ? `left; ${name} goes on with message ${message.id}.`
        : 'left before the message was stored.',
    async (signal) => {
      // Only a wait pays for loading what it needs.
      const waiting = wait ? await import('./await-reply.ts') : null
      const events =
        (await waiting?.openReplyEvents(client, { isWanted: isStreamed, agent: name, signal })) ??
        null
      try {
        message = await client.send(name, request, { signal })
        if (mode && message.mode !== mode) {
          output.note(`${name} can't be told in mid-turn that way; the message waits for its turn.`)
        }
        if (waiting) {
          message = await waiting.awaitReply(invocation, {
            message,
            events,
            timeoutSeconds: timeout,
            signal,
          })
        }
      } finally {
        events?.close()
      }
      if (json) {
        await output.json(receiptOf(message))
      } else if (!wait) {
        const { colors } = output
        const reason = isWaiting(message)
          ? colors.dim(`  waits: ${formatWait(message, Date.now())}`)
          : ''
        await output.line(`${colors.bold(message.id)}  ${message.state}${reason}`)
      } else if (!isStreamed && message.reply !== null) {
        await output.line(output.isTerminal ? plainText(message.reply) : message.reply)
      }
      if (wait || message.state === 'refused') {
        const { reportReceipt } = await import('./receipt.ts')
        reportReceipt(invocation, message, {
          isJson: json ?? false,
          timeoutSeconds: wait ? timeout : null,
        })
      }
    },
  )
}

/** What `send --json` prints. */
function receiptOf({ id, state, reply, cause, until, mode, entry }: Message): object {
  return {
    id,
    state,
    ...(mode === 'queue' && entry !== 'steered' ? {} : { mode, entry }),
    ...(reply === null ? {} : { reply }),
    ...(cause === null ? {} : { cause }),
    ...(typeof until === 'number' ? { until } : {}),
  }
}
