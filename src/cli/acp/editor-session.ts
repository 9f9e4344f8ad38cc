import { randomUUID } from 'node:crypto'
import type { AgentContext, PromptRequest, PromptResponse } from '@agentclientprotocol/sdk'
import type { Client } from '../../client/index.ts'
import type { Event } from '../../schema/event.ts'
import type { Message } from '../../schema/message.ts'
import { sendSurely } from '../attach/send-surely.ts'
import { askEditor } from './ask-editor.ts'
import { eventUpdate, textBlock } from './event-update.ts'
import { createTurnFollower } from './follow-turn.ts'
import { promptText } from './prompt-text.ts'

export interface EditorSessionOptions {
  client: Client
  /** The agent. */
  name: string
  /** Aborts when the editor is gone. */
  signal: AbortSignal
  /** Takes a line for people. */
  note: (text: string) => void
}

/** Turn of a prompt, as far as it has come. */
interface Prompt {
  id: string
  isBegun: boolean
  isCancelled: boolean
  /** Ends the wait for it. */
  leave: () => void
}

/** An editor that is with an agent: the agent is awake, and what it says goes to whoever asked. */
export class EditorSession {
  readonly #options: EditorSessionOptions
  readonly #listeners = new Set<(event: Event) => void>()
  readonly #prompts = new Set<Prompt>()

  constructor(options: EditorSessionOptions) {
    this.#options = options
  }

  /** Attaches; what happens from here on is followed. Errors: as `client.attach`. */
  async open(): Promise<void> {
    const { client, name, signal, note } = this.#options
    const events = client.attach(name, { signal, since: (await client.status()).lastSeq })
    await events.open()
    const follow = async (): Promise<void> => {
      for await (const event of events) {
        this.#listeners.forEach((listen) => listen(event))
      }
      note(`${name} was removed.`)
    }
    follow().catch((error: unknown) => {
      if (!signal.aborted) {
        note(`the events of ${name} were lost: ${(error as Error).message}`)
      }
      this.#prompts.forEach(({ leave }) => leave())
    })
  }

  /** What was said before, as a loading editor wants to see it. */
  async replay(editor: AgentContext, sessionId: string): Promise<void> {
    const { client, name, signal } = this.#options
    for (const { body, reply } of await client.messages(name, { limit: 100, signal })) {
      const said = [
        { sessionUpdate: 'user_message_chunk', content: textBlock(body) } as const,
        { sessionUpdate: 'agent_message_chunk', content: textBlock(reply ?? '') } as const,
      ]
      for (const update of said.filter(({ content }) => content.text !== '')) {
        await editor.notify('session/update', { sessionId, update })
      }
    }
  }

  /** A prompt as a message; resolves when its turn is over. A failure is thrown with its cause. */
  async prompt(request: PromptRequest, editor: AgentContext): Promise<PromptResponse> {
    const { client, name, signal } = this.#options
    const over = Promise.withResolvers<void>()
    const prompt: Prompt = {
      id: `acp-${randomUUID()}`,
      isBegun: false,
      isCancelled: false,
      leave: over.resolve,
    }
    const listen = this.#listener(prompt, editor, request.sessionId)
    this.#listeners.add(listen)
    this.#prompts.add(prompt)
    try {
      const body = promptText(request.prompt)
      await sendSurely(client, name, { id: prompt.id, body, signal })
      await over.promise
      await listen.told()
      return { stopReason: stopReason(prompt, await client.message(prompt.id, { signal })) }
    } finally {
      this.#listeners.delete(listen)
      this.#prompts.delete(prompt)
      listen.close()
    }
  }

  /** Ends the turn under way; one that has not begun is ended as it does. */
  async cancel(): Promise<void> {
    for (const prompt of this.#prompts) {
      prompt.isCancelled = true
      if (prompt.isBegun) {
        await this.#interrupt(prompt)
      }
    }
  }

  async #interrupt(prompt: Prompt): Promise<void> {
    const { client, name, signal, note } = this.#options
    await client.interrupt(name, { signal }).catch((error: unknown) => {
      note(`${(error as Error).message} ${name} goes on by itself.`)
      prompt.leave()
    })
  }

  /** Tells the editor what belongs to a prompt, in order. */
  #listener(
    prompt: Prompt,
    editor: AgentContext,
    sessionId: string,
  ): ((event: Event) => void) & { told: () => Promise<void>; close: () => void } {
    const { client, note } = this.#options
    const follow = createTurnFollower(prompt.id)
    const closed = new AbortController()
    let telling = Promise.resolve()
    const listen = (event: Event): void => {
      const { isOwn, isOver } = follow(event)
      if (isOwn && !prompt.isBegun) {
        prompt.isBegun = true
        if (prompt.isCancelled) {
          void this.#interrupt(prompt)
        }
      }
      const update = isOwn ? eventUpdate(event) : null
      if (update) {
        telling = telling.then(
          async () => await editor.notify('session/update', { sessionId, update }),
        )
        telling.catch(() => undefined)
      }
      if (isOwn && event.type === 'approval.asked') {
        const id = String(event.data['id'])
        askEditor(client, editor, { sessionId, id, signal: closed.signal }).catch(
          (error: unknown) => note(`question ${id}: ${(error as Error).message}`),
        )
      }
      if (isOver) {
        prompt.leave()
      }
    }
    return Object.assign(listen, { told: () => telling, close: () => closed.abort() })
  }
}

/** Errors: the message's own cause, where it was not the editor that ended it. */
function stopReason(
  { isCancelled }: Prompt,
  { state, cause }: Message,
): PromptResponse['stopReason'] {
  if (isCancelled) {
    return 'cancelled'
  }
  if (state === 'done') {
    return 'end_turn'
  }
  if (cause === 'interrupted') {
    return 'cancelled'
  }
  throw new Error(cause ?? `its message is ${state}`)
}
