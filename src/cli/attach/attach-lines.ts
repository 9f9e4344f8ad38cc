import type { ResumingStream } from '../../client/index.ts'
import { DroverError } from '../../schema/error.ts'
import type { Event } from '../../schema/event.ts'
import type { Message } from '../../schema/message.ts'
import { createId } from '../../util/id.ts'
import type { AttachOptions } from '../attach.ts'
import { withInterrupt } from '../interrupt.ts'
import type { Invocation } from '../invocation.ts'
import { plainText } from '../plain-text.ts'
import { checkText } from '../read-text.ts'
import { reportReceipt } from '../receipt.ts'
import { withSpinner } from '../spinner.ts'
import { startQuestionNotes } from '../watch-questions.ts'
import { finalStates } from './conversation.ts'
import { readLines } from './read-lines.ts'
import { sendSurely } from './send-surely.ts'

/** Messages that may be on their way before the next line is read. */
const mostOpen = 100

/**
 * A conversation without a terminal: each line of standard input is a message, each reply is
 * printed, in order; with `json` the agent's events are. Ends when the input ended and all replies
 * came. The exit code is that of the last message that was not done.
 */
export async function attachLines(
  invocation: Invocation,
  name: string,
  { json: isJson = false, timeout }: AttachOptions,
): Promise<void> {
  const { client, context, output } = invocation
  const ending = new AbortController()
  await withInterrupt(
    () => `left; ${name} goes on.`,
    async (interrupted) => {
      const signal = AbortSignal.any([interrupted, ending.signal])
      const onReconnect = (error: unknown): void => {
        if (error) {
          output.note('drover: the daemon went away; trying again …')
        }
      }
      const stream = client.attach(name, { signal, onReconnect })
      await withSpinner(context, `attaching to ${name}`, stream.open())
      const talk = new Talk(invocation, name, { signal, timeoutSeconds: timeout, isJson })
      const note = (text: string): void => output.note(text)
      const questions = startQuestionNotes(invocation, { agent: name, signal, note })
      const following = follow(stream, talk, isJson ? (event) => output.json(event) : null)
      try {
        await Promise.race([talk.run(), following.then(() => talk.removed())])
      } finally {
        questions.stop()
        ending.abort()
        await following.catch(() => undefined)
      }
    },
  )
}

/** Takes in the agent's events until it is removed or the signal aborts. */
async function follow(
  events: ResumingStream<Event>,
  talk: Talk,
  print: ((event: Event) => Promise<void>) | null,
): Promise<void> {
  for await (const event of events) {
    await print?.(event)
    if (event.type === 'message.state' && finalStates.has(String(event.data['state']))) {
      talk.seen(String(event.data['id']))
    }
  }
}

interface TalkOptions {
  signal: AbortSignal
  /** How long each reply may take once it is the next. */
  timeoutSeconds: number
  isJson: boolean
}

/** What is said line by line, and what is answered. */
class Talk {
  readonly #invocation: Invocation
  readonly #name: string
  readonly #options: TalkOptions
  /** Messages from here whose end was not seen among the events. */
  readonly #unseen = new Map<string, PromiseWithResolvers<void>>()
  readonly #failed = Promise.withResolvers<never>()
  /** Resolves when all replies so far are printed. */
  #printed: Promise<void> = Promise.resolve()

  constructor(invocation: Invocation, name: string, options: TalkOptions) {
    this.#invocation = invocation
    this.#name = name
    this.#options = options
    this.#failed.promise.catch(() => undefined)
  }

  /** Resolves when the input ended and everything was answered; rejects with what went wrong. */
  async run(): Promise<void> {
    await Promise.race([this.#read(), this.#failed.promise])
  }

  /** The events tell that a message came to its end. */
  seen(id: string): void {
    this.#unseen.get(id)?.resolve()
  }

  /** There is nobody to talk with any more. */
  removed(): never {
    throw new DroverError('agent_not_found', `${this.#name} was removed.`)
  }

  async #read(): Promise<void> {
    const { context } = this.#invocation
    const open: Promise<void>[] = []
    try {
      for await (const line of readLines(context.stdin, this.#options.signal)) {
        const { printed } = await this.#send(checkText(line, 'the line'))
        open.push(printed)
        if (open.length >= mostOpen) {
          await open.shift()
        }
      }
    } finally {
      await this.#printed.catch(() => undefined)
    }
    this.#options.signal.throwIfAborted()
    await this.#printed
  }

  /** Resolves once the daemon has it; `printed` does when its reply is printed. */
  async #send(body: string): Promise<{ printed: Promise<void> }> {
    const id = createId('msg')
    this.#unseen.set(id, Promise.withResolvers<void>())
    await sendSurely(this.#invocation.client, this.#name, {
      id,
      body,
      signal: this.#options.signal,
    })
    const before = this.#printed
    const printed = before.then(async () => await this.#print(id))
    printed.catch(this.#failed.reject)
    this.#printed = printed
    return { printed }
  }

  async #print(id: string): Promise<void> {
    const { client, output } = this.#invocation
    const { timeoutSeconds, signal, isJson } = this.#options
    const message = await client.waitForMessage(id, { timeoutSeconds, signal })
    if (!finalStates.has(message.state)) {
      throw stillOpen(message, timeoutSeconds)
    }
    if (isJson) {
      await this.#unseen.get(id)?.promise
    } else if (message.reply !== null) {
      await output.line(output.isTerminal ? plainText(message.reply) : message.reply)
    }
    this.#unseen.delete(id)
    reportReceipt(this.#invocation, message, { isJson, timeoutSeconds })
  }
}

function stillOpen({ id, state }: Message, seconds: number): DroverError {
  return new DroverError('timeout', `Message ${id} is still ${state} after ${seconds} s.`, {
    details: { id, state },
  })
}
