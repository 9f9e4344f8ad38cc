import type { Command } from 'commander'
import type { Message } from '../schema/message.ts'
import { formatWait, isWaiting } from './format-wait.ts'
import { withInterrupt } from './interrupt.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { defaultTimeoutSeconds, parseSeconds } from './option-values.ts'
import { findOwnAgent } from './own-agent.ts'
import { readText } from './read-text.ts'

interface SendOptions extends CommonOptions {
  wait?: boolean
  timeout: number
  id?: string
}

export function sendCommand(invocation: Invocation): Command {
  return createCommand('send', invocation.context)
    .description('Write to an agent. A sleeping one wakes; the message is kept until it is done.')
    .argument('<name>', 'agent')
    .argument('<text>', 'the message, or - for standard input')
    .option('-w, --wait', 'wait for the reply and print it')
    .option('--timeout <time>', 'how long to wait', parseSeconds, defaultTimeoutSeconds)
    .option('--id <key>', 'the same key twice is the same message')
    .action(async (name: string, given: string, options: SendOptions) => {
      const body = await readText(given, invocation.context)
      await send(invocation, name, { ...options, body })
    })
}

async function send(
  invocation: Invocation,
  name: string,
  { body, id, json, wait, timeout }: SendOptions & { body: string },
): Promise<void> {
  const { client, output } = invocation
  const request = { body, ...(id === undefined ? {} : { id }) }
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
        await output.line(message.reply)
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
function receiptOf({ id, state, reply, cause, until }: Message): object {
  return {
    id,
    state,
    ...(reply === null ? {} : { reply }),
    ...(cause === null ? {} : { cause }),
    ...(typeof until === 'number' ? { until } : {}),
  }
}
