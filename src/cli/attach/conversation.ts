import type { Agent, AgentStatus } from '../../schema/agent.ts'
import type { Event } from '../../schema/event.ts'
import type { Message } from '../../schema/message.ts'
import { oneLine } from '../plain-text.ts'
import { formatClock } from '../relative-time.ts'

/** Something to be shown of a conversation. */
export type Piece =
  /** Additive: what the agent says, or thinks. */
  | { kind: 'text' | 'thought'; text: string }
  /** A message that the agent has now. `from` is "" for one sent from here; the body may be unknown. */
  | { kind: 'message'; id: string; from: string; body: string | null }
  /** Lines of their own. */
  | { kind: 'tool' | 'note' | 'trouble'; text: string }
  /** What was being said is over. */
  | { kind: 'pause' }

/** What the agent asks and nobody answered yet. */
export interface OpenQuestion {
  id: string
  title: string
  risk: string
}

/** A message from here that the agent does not have yet. */
export interface Waiting {
  body: string
  /** Place among all that wait, from 1; null while that is not known. */
  place: number | null
}

const openStates: ReadonlySet<string> = new Set(['stored', 'waking'])
/** States of a receipt that nothing follows on. */
export const finalStates: ReadonlySet<string> = new Set(['done', 'failed', 'refused', 'dead'])

/** What there is to see of an agent's events for somebody who talks with it. */
export class Conversation {
  readonly #agent: string
  #status: AgentStatus
  #cause: string | null
  /** Ids of messages that wait, in the order in which the agent gets them. */
  readonly #queue: string[]
  /** Messages that were not shown yet; of those from here the body is known, and who sent them is "". */
  readonly #unshown = new Map<string, { from: string; body: string | null }>()
  /** Messages from here that are not final. */
  readonly #own = new Set<string>()
  /** In the order in which they were asked. */
  readonly #questions = new Map<string, OpenQuestion>()
  /** Something was said since the last turn began. */
  #hasSpoken = false
  /** What went wrong last in this turn, as it was shown. */
  #lastTrouble = ''

  /** `waiting`: the messages that are not in its program's input, in order. */
  constructor(agent: Agent, waiting: readonly Message[], questions: readonly OpenQuestion[] = []) {
    this.#agent = agent.name
    this.#status = agent.status
    this.#cause = agent.waiting ? waitText(agent.waiting.cause, agent.waiting.until) : null
    this.#queue = waiting.map(({ id }) => id)
    for (const { id, from, body } of waiting) {
      this.#unshown.set(id, { from, body })
    }
    for (const { id, title, risk } of questions) {
      this.#questions.set(id, { id, title, risk })
    }
  }

  /** A message is being sent from here. */
  post(id: string, body: string): void {
    this.#unshown.set(id, { from: '', body })
    this.#own.add(id)
  }

  /** It could not be sent. */
  withdraw(id: string, cause: string): Piece[] {
    return [...this.#settle(id), { kind: 'trouble', text: cause }]
  }

  /** Messages from here that the agent does not have yet. */
  get waiting(): Waiting[] {
    return [...this.#unshown]
      .filter(([id]) => this.#own.has(id))
      .map(([id, { body }]) => {
        const index = this.#queue.indexOf(id)
        return { body: body ?? '', place: index === -1 ? null : index + 1 }
      })
  }

  /** What the agent asks a person, the oldest first. */
  get questions(): OpenQuestion[] {
    return [...this.#questions.values()]
  }

  /** What it is at, where that takes time; null when it waits for a message. */
  get activity(): string | null {
    switch (this.#status) {
      case 'working':
        return `${this.#agent} is working`
      case 'waking':
        return `${this.#agent} is waking${this.#cause ? `: ${this.#cause}` : ''}`
      case 'stopping':
        return `${this.#agent} is being ended`
      case 'parked':
        return `${this.#agent} is parked${this.#cause ? `: ${this.#cause}` : ''}`
      default:
        return null
    }
  }

  /** Whether something of a wait or of a turn is under way. */
  get isWaking(): boolean {
    return this.#status === 'waking'
  }

  take({ type, data }: Event): Piece[] {
    switch (type) {
      case 'text':
        this.#hasSpoken = true
        return [{ kind: 'text', text: textOf(data['text']) }]
      case 'thinking':
        return [{ kind: 'thought', text: textOf(data['text']) }]
      case 'tool.call':
        return [{ kind: 'tool', text: `${textOf(data['name'])} ${inputText(data['input'])}` }]
      case 'tool.result':
        return data['isError'] === true
          ? [{ kind: 'tool', text: `failed: ${textOf(data['output'])}` }]
          : []
      case 'output':
        return [{ kind: 'tool', text: textOf(data['text']) }]
      case 'error':
        return this.#trouble('', data['message'])
      case 'message.state':
        return this.#takeReceipt(data)
      case 'turn.started':
        this.#hasSpoken = false
        this.#lastTrouble = ''
        return [{ kind: 'pause' }]
      case 'turn.ended':
        return this.#takeTurnEnd(data)
      default:
        return this.#takeChange(type, data)
    }
  }

  #takeReceipt(data: Event['data']): Piece[] {
    const id = textOf(data['id'])
    const state = textOf(data['state'])
    if (openStates.has(state)) {
      if (!this.#queue.includes(id)) {
        this.#queue.push(id)
      }
      if (!this.#unshown.has(id)) {
        this.#unshown.set(id, { from: textOf(data['from']), body: null })
      }
      return []
    }
    const isFinal = finalStates.has(state)
    const isTrouble = isFinal && state !== 'done' && this.#own.has(id)
    const said = isFinal ? this.#settle(id) : this.#show(id)
    return isTrouble ? [...said, ...this.#trouble(`the message is ${state}`, data['cause'])] : said
  }

  /** The agent has it. */
  #show(id: string): Piece[] {
    const message = this.#unshown.get(id)
    const index = this.#queue.indexOf(id)
    this.#unshown.delete(id)
    if (index !== -1) {
      this.#queue.splice(index, 1)
    }
    return message ? [{ kind: 'message', id, ...message }] : []
  }

  /** Nothing more will be heard of it. */
  #settle(id: string): Piece[] {
    this.#own.delete(id)
    return this.#show(id)
  }

  /** A cause that was just shown is not shown again. */
  #trouble(what: string, cause: unknown): Piece[] {
    const why = textOf(cause)
    const isShown = this.#isShown(why)
    this.#lastTrouble = isShown ? this.#lastTrouble : why
    const text = [what, isShown ? '' : why].filter(Boolean).join(': ')
    return text === '' ? [] : [{ kind: 'trouble', text }]
  }

  #isShown(cause: string): boolean {
    const last = this.#lastTrouble
    return cause === '' || (last !== '' && (cause.includes(last) || last.includes(cause)))
  }

  /** A reply that did not come as text is shown whole. */
  #takeTurnEnd({ reply, error, message }: Event['data']): Piece[] {
    const isFailed = typeof error === 'string' && !this.#own.has(textOf(message))
    return [
      ...(this.#hasSpoken ? [] : [{ kind: 'text', text: textOf(reply) } as const]),
      { kind: 'pause' },
      ...(isFailed ? this.#trouble('the turn failed', error) : []),
    ]
  }

  #takeChange(type: string, data: Event['data']): Piece[] {
    switch (type) {
      case 'agent.status':
        return this.#takeStatus(textOf(data['status']) as AgentStatus)
      case 'agent.waiting':
        this.#cause = waitText(textOf(data['cause']), data['until'])
        return []
      case 'agent.parked':
        this.#cause = waitText(textOf(data['cause']), data['until'])
        return [{ kind: 'note', text: `${this.#agent} is parked: ${this.#cause}` }]
      case 'agent.quarantined':
        return this.#trouble(`${this.#agent} was given up`, data['cause'])
      case 'approval.asked': {
        const id = textOf(data['id'])
        const [title, risk] = [textOf(data['title']), textOf(data['risk'])]
        this.#questions.set(id, { id, title, risk })
        return []
      }
      case 'approval.decided':
      case 'approval.withdrawn':
        return this.#takeAnswer(data)
      case 'agent.removed':
        return [{ kind: 'note', text: `${this.#agent} was removed` }]
      case 'run.starting':
        this.#cause = null
        return []
      case 'run.ended':
        return this.#takeRunEnd(data)
      default:
        return []
    }
  }

  #takeAnswer({ id, state, by, cause }: Event['data']): Piece[] {
    const question = this.#questions.get(textOf(id))
    this.#questions.delete(textOf(id))
    const word = [textOf(state) || 'asks no more', ...(textOf(by) ? [`by ${textOf(by)}`] : [])]
    const why = textOf(cause) ? `: ${textOf(cause)}` : ''
    return question
      ? [{ kind: 'note', text: `${oneLine(question.title)}: ${word.join(' ')}${why}` }]
      : []
  }

  #takeRunEnd({ status, cause }: Event['data']): Piece[] {
    const isBad = status === 'failed' || status === 'lost'
    return isBad && !this.#isShown(textOf(cause))
      ? this.#trouble(`its run ${status}`, cause)
      : [{ kind: 'pause' }]
  }

  #takeStatus(status: AgentStatus): Piece[] {
    this.#status = status
    if (status === 'asleep') {
      return [{ kind: 'note', text: `${this.#agent} is asleep; a message wakes it` }]
    }
    return status === 'stopped'
      ? [{ kind: 'note', text: `${this.#agent} is stopped; it takes no messages` }]
      : []
  }
}

function waitText(cause: string, until: unknown): string {
  return `${oneLine(cause)}${typeof until === 'number' ? `, until ${formatClock(until)}` : ''}`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Arguments of a tool: the text alone where there is only one. */
function inputText(input: unknown): string {
  const values = typeof input === 'object' && input !== null ? Object.values(input) : []
  const only = values.length === 1 ? values[0] : null
  return typeof only === 'string' ? only : (JSON.stringify(input) ?? '')
}
