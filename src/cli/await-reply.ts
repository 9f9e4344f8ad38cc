import type { Client, ResumingStream } from '../client/index.ts'
import type { Event } from '../schema/event.ts'
import type { Message } from '../schema/message.ts'
import { startAgentSpinner } from './agent-spinner.ts'
import type { Invocation } from './invocation.ts'
import { createPlainTextStream, plainText } from './plain-text.ts'
import { createReplyReader } from './reply-text.ts'
import { startQuestionNotes } from './watch-questions.ts'

/** How long the last words may take after the message is final. */
const lastWordsMs = 500

export interface AwaitReplyOptions {
  message: Message
  /** The event stream, opened before the message was sent; null prints the reply when it is whole. */
  events: ReplyEvents | null
  timeoutSeconds: number
  signal: AbortSignal
}

/** An open event stream that must be closed, for it keeps the process alive. */
export interface ReplyEvents {
  stream: ResumingStream<Event>
  close(): void
}

/** Waits for a message's end; with events, prints the reply as it is spoken. */
export async function awaitReply(
  invocation: Invocation,
  { message, events, timeoutSeconds, signal }: AwaitReplyOptions,
): Promise<Message> {
  const { client, output } = invocation
  const { agent } = message
  const doing = { text: `${agent} has your message`, agent, signal }
  const spinner = startAgentSpinner(invocation, doing)
  const { note } = spinner
  const questions = startQuestionNotes(invocation, { agent, signal, note })
  try {
    const ending = client.waitForMessage(message.id, { timeoutSeconds, signal })
    if (!events) {
      return await ending
    }
    const printed = await printReply(events.stream, ending, message.id, async (text) => {
      spinner.stop()
      await output.write(text)
    })
    const final = await ending
    spinner.stop()
    if (!printed && final.reply !== null) {
      await output.line(plainText(final.reply).trimEnd())
    } else if (printed && !printed.endsWith('\n')) {
      await output.line()
    }
    return final
  } finally {
    questions.stop()
    spinner.stop()
    events?.close()
  }
}

/** Prints until the reply is over; a lost stream only means that the words come at the end. Gives the last piece. */
async function printReply(
  events: ResumingStream<Event>,
  ending: Promise<Message>,
  id: string,
  print: (text: string) => Promise<void>,
): Promise<string> {
  const read = createReplyReader(id)
  const clean = createPlainTextStream()
  const iterator = events[Symbol.asyncIterator]()
  let last = ''
  const reading = (async () => {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      const step = read(next.value)
      const text = clean(step.text)
      if (text !== '') {
        last = text
        await print(text)
      }
      if (step.isOver) {
        return
      }
    }
  })().catch(() => undefined)
  const over = ending.then(
    () => new Promise<void>((resolve) => setTimeout(resolve, lastWordsMs).unref()),
    () => undefined,
  )
  await Promise.race([reading, over])
  return last
}

/** The event stream for printing a reply as it is spoken; null where nobody watches. */
export async function openReplyEvents(
  client: Client,
  {
    isWanted,
    agent,
    signal,
  }: { isWanted: boolean; agent?: string | undefined; signal: AbortSignal },
): Promise<ReplyEvents | null> {
  if (!isWanted) {
    return null
  }
  const controller = new AbortController()
  const { lastSeq: since } = await client.status({ signal })
  const stream = client.events({
    since,
    agent,
    signal: AbortSignal.any([signal, controller.signal]),
  })
  await stream.open()
  return { stream, close: () => controller.abort() }
}
