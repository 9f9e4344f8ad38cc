import { DroverError } from '../../schema/error.ts'
import { createId } from '../../util/id.ts'
import { toDroverError } from '../failure.ts'
import type { Invocation } from '../invocation.ts'
import { createPlainTextStream, oneLine, plainText } from '../plain-text.ts'
import { checkText } from '../read-text.ts'
import { truncateText } from '../text-width.ts'
import { Conversation, type Piece } from './conversation.ts'
import { footRows, frameMs } from './foot-rows.ts'
import { LineEditor } from './line-editor.ts'
import type { Session } from './open-session.ts'
import { askForNoPastes, askForPastes } from './paste-scanner.ts'
import { readAnswer, type GivenAnswer } from './read-answer.ts'
import { Screen, type Foot } from './screen.ts'
import { sendSurely } from './send-surely.ts'
import { createVoices, type Voices } from './voices.ts'

/** Finished messages shown of the time before, and lines of each text. */
const pastCount = 3
const pastLines = 8
/** How long messages on their way may take once somebody leaves, ms. */
const lastSendMs = 2000

export interface TerminalTalkOptions {
  session: Session
  hasThinking: boolean
  signal: AbortSignal
}

/** A conversation on a terminal: what the agent says above, the line being typed below. */
export class TerminalTalk {
  readonly #invocation: Invocation
  readonly #options: TerminalTalkOptions
  readonly #name: string
  readonly #conversation: Conversation
  readonly #voices: Voices
  readonly #screen: Screen
  readonly #editor: LineEditor
  readonly #left = Promise.withResolvers<void>()
  readonly #timer: NodeJS.Timeout
  #clean = createPlainTextStream()
  #isAway = false
  /** The question that stood there when the line was begun. */
  #asked: string | null = null
  /** Messages are sent one after the other. */
  #sending: Promise<void> = Promise.resolve()
  #unsent = 0

  constructor(invocation: Invocation, options: TerminalTalkOptions) {
    const { context, output } = invocation
    const { agent, past, present, waiting, questions } = options.session
    this.#invocation = invocation
    this.#options = options
    this.#name = agent.name
    this.#conversation = new Conversation(agent, waiting, questions)
    this.#voices = createVoices(agent.name, output.colors)
    this.#screen = new Screen(context.stdout, () => this.#foot())
    this.#editor = new LineEditor({
      source: context.stdin,
      history: past
        .filter(({ from }) => from === 'user')
        .map(({ body }) => body)
        .toReversed(),
      onLine: (text) => this.#post(text),
      onChange: () => this.#typed(),
      onEnd: () => this.#left.resolve(),
      onKey: (key) => this.#press(key),
    })
    context.stdout.write(askForPastes)
    context.stdout.on('resize', this.#resize)
    this.#timer = setInterval(() => this.#tick(), frameMs)
    this.#showPast(past.slice(-pastCount))
    if (present) {
      this.#showMessage(present.from === 'user' ? '' : present.from, present.body)
    }
    this.#screen.draw()
  }

  /** The daemon went away, and is asked again. */
  away(): void {
    this.#isAway = true
    this.#screen.drawSoon()
  }

  /** Resolves when the person leaves, to true, or the agent is removed, to false. */
  async run(): Promise<boolean> {
    return await Promise.race([
      this.#left.promise.then(() => true),
      this.#follow().then(() => false),
    ])
  }

  /** Gives the terminal back. Resolves to the number of messages that could not be sent. */
  async close(): Promise<number> {
    clearInterval(this.#timer)
    const { stdout } = this.#invocation.context
    stdout.off('resize', this.#resize)
    this.#editor.close()
    this.#screen.close()
    stdout.write(askForNoPastes)
    if (this.#unsent > 0) {
      const late = new Promise<void>((resolve) => setTimeout(resolve, lastSendMs).unref())
      await Promise.race([this.#sending, late])
    }
    return this.#unsent
  }

  readonly #resize = (): void => this.#screen.resized()

  #tick(): void {
    if (this.#isAway || this.#conversation.activity !== null) {
      this.#screen.drawSoon()
    }
  }

  async #follow(): Promise<void> {
    for await (const event of this.#options.session.events) {
      this.#isAway = false
      for (const piece of this.#conversation.take(event)) {
        await this.#show(piece)
      }
      this.#screen.drawSoon()
    }
  }

  #press(key: 'interrupt' | 'clear' | 'suspend'): void {
    if (key === 'clear') {
      this.#screen.clear()
    } else if (key === 'suspend') {
      this.#suspend()
    } else if (this.#editor.text === '') {
      this.#left.resolve()
    } else {
      this.#editor.erase()
    }
  }

  /** As any program on Ctrl-Z: the shell has the terminal until it is continued. */
  #suspend(): void {
    const { stdin, stdout } = this.#invocation.context
    this.#screen.close()
    stdout.write(askForNoPastes)
    stdin.setRawMode?.(false)
    process.once('SIGCONT', () => {
      stdin.setRawMode?.(true)
      stdout.write(askForPastes)
      this.#screen.restart()
    })
    process.kill(process.pid, 'SIGTSTP')
  }

  #post(text: string): void {
    if (text.trim() === '') {
      return
    }
    const first = this.#conversation.questions[0]?.id ?? null
    const asked = this.#asked ?? first
    const answer = asked === null ? null : readAnswer(text)
    if (asked !== null && answer) {
      return void (asked === first ? this.#answer(asked, answer) : this.#passOver(text))
    }
    const id = createId('msg')
    this.#conversation.post(id, text)
    this.#unsent++
    this.#sending = this.#sending.then(async () => await this.#send(id, text))
  }

  /** What is asked when a line is begun is what the line answers, and nothing that is asked meanwhile. */
  #typed(): void {
    const first = this.#conversation.questions[0]?.id ?? null
    this.#asked = this.#editor.text === '' ? null : (this.#asked ?? first)
    this.#screen.draw()
  }

  #passOver(text: string): void {
    const note = `what ${oneLine(text)} was for is asked no more; nothing was answered`
    void this.#show({ kind: 'note', text: note })
  }

  /** What came of it is told by an event. */
  async #answer(id: string, { verb, message }: GivenAnswer): Promise<void> {
    const { signal } = this.#options
    const decision = { verb, ...(message === null ? {} : { message }) }
    try {
      await this.#invocation.client.approvals.decide(id, decision, { signal })
    } catch (error) {
      if (!signal.aborted) {
        const text = `not answered: ${toDroverError(error).message}`
        await this.#show({ kind: 'trouble', text })
      }
    }
  }

  async #send(id: string, text: string): Promise<void> {
    const { client } = this.#invocation
    try {
      const body = checkText(text, 'the message')
      await sendSurely(client, this.#name, { id, body, signal: this.#options.signal })
      this.#unsent--
    } catch (error) {
      if (this.#options.signal.aborted) {
        return
      }
      this.#unsent--
      // A refusal is on record, and told by an event.
      if (!(error instanceof DroverError && error.details['message'] === id)) {
        const cause = `not sent: ${toDroverError(error).message}`
        this.#conversation.withdraw(id, cause).forEach((piece) => void this.#show(piece))
      }
    }
  }

  async #show(piece: Piece): Promise<void> {
    const screen = this.#screen
    switch (piece.kind) {
      case 'text':
        return screen.say(this.#voices.agent, this.#clean(piece.text))
      case 'thought':
        return this.#options.hasThinking
          ? screen.say(this.#voices.thought, plainText(piece.text))
          : undefined
      case 'pause':
        this.#clean = createPlainTextStream()
        return screen.end()
      case 'message':
        return this.#showMessage(piece.from, piece.body ?? (await this.#fetchBody(piece.id)))
      case 'tool':
        return screen.tell(this.#voices.tool, this.#fit(piece.text))
      default:
        return screen.tell(this.#voices[piece.kind], plainText(piece.text).trim())
    }
  }

  #showMessage(from: string, body: string, voices = this.#voices): void {
    const voice = from === '' ? voices.you : voices.peer(from)
    this.#screen.tell(voice, plainText(body).trimEnd())
  }

  /** What a message says that came from elsewhere; nothing when it can't be asked any more. */
  async #fetchBody(id: string): Promise<string> {
    const { signal } = this.#options
    return await this.#invocation.client.message(id, { signal }).then(
      ({ body }) => body,
      () => '…',
    )
  }

  #showPast(messages: Session['past']): void {
    const voices = createVoices(this.#name, this.#invocation.output.colors, true)
    for (const { from, body, reply, state, cause } of messages) {
      this.#showMessage(from === 'user' ? '' : from, shorten(body), voices)
      if (reply !== null && reply !== '') {
        this.#screen.tell(voices.agent, shorten(plainText(reply).trim()))
      } else if (state !== 'done') {
        this.#screen.tell(voices.note, `${state}${cause === null ? '' : `: ${oneLine(cause)}`}`)
      }
    }
  }

  /** One row of it. */
  #fit(text: string): string {
    const columns = this.#invocation.context.stdout.columns || 80
    return truncateText(oneLine(text), columns - this.#voices.tool.prefix.length - 1)
  }

  #foot(): Foot {
    const { colors } = this.#invocation.output
    const rows = footRows(this.#conversation, colors, this.#isAway)
    const { text, cursor } = this.#editor
    return { rows, input: { prompt: 'you › ', text, cursor }, paintPrompt: colors.cyan }
  }
}

/** The first lines of a text from before. */
function shorten(text: string): string {
  const lines = text.split('\n')
  return lines.length > pastLines ? [...lines.slice(0, pastLines), '…'].join('\n') : text
}
