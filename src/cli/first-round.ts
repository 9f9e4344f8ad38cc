import type { Usability } from '../schema/reports.ts'
import { awaitReply, openReplyEvents } from './await-reply.ts'
import { toDroverError } from './failure.ts'
import type { Invocation } from './invocation.ts'
import { defaultTimeoutSeconds } from './option-values.ts'
import { oneLine, plainText } from './plain-text.ts'

const name = 'hello'
const question = 'Hello! Who are you, and what can you do here?'

/** On an empty home: makes a first agent and shows one round, wake → question → reply → sleep. */
export async function showFirstRound(invocation: Invocation, signal: AbortSignal): Promise<void> {
  const { client, output } = invocation
  const agents = await client.list({ all: true, signal })
  if (agents.length > 0) {
    return
  }
  try {
    await showRound(invocation, signal)
  } catch (error) {
    if (!signal.aborted) {
      const cause = oneLine(toDroverError(error).message)
      output.note(`drover: the first agent did not get through its round: ${cause}`)
    }
  }
}

async function showRound(invocation: Invocation, signal: AbortSignal): Promise<void> {
  const { client, output } = invocation
  const { bold, dim, cyan } = output.colors
  await output.line()
  await output.line(`No agents yet. Here is the first one: ${bold(name)}.`)
  const model = findModel((await client.doctor({ signal })).checks)
  if (model) {
    await output.line(dim(`model: ${oneLine(model.detail)}`))
  }
  const events = await openReplyEvents(client, { isWanted: output.isTerminal, signal })
  try {
    const agent = await client.run({ template: name, name, prompt: question }, { signal })
    await output.line(dim(`${name} is waking; the message is stored`))
    await output.line(`${cyan('you ›')} ${question}`)
    if (!agent.message) {
      return
    }
    const wait = { message: agent.message, events, timeoutSeconds: defaultTimeoutSeconds, signal }
    await output.write(events ? `${cyan(`${name} ›`)} ` : '')
    const message = await awaitReply(invocation, wait)
    if (message.state !== 'done') {
      await output.line(
        `the message is ${message.state}${message.cause ? `: ${oneLine(message.cause)}` : ''}`,
      )
    } else if (!events && message.reply !== null) {
      await output.line(`${name} › ${plainText(message.reply).trimEnd()}`)
    }
    const { status } = await client.sleep(name, { waitSeconds: 30, signal })
    await output.line(dim(`${name} is ${status}; a message wakes it again, and it remembers`))
    await output.line()
  } finally {
    events?.close()
  }
}

/** The check of the `chat` provider says which model its agents get. */
function findModel(checks: readonly Usability[]): Usability | undefined {
  return checks.find(
    ({ kind, name: provider, usable }) => kind === 'provider' && provider === 'chat' && usable,
  )
}
