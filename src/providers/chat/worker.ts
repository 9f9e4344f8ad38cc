import type { RunnerInput } from '../ndjson/protocol.ts'
import type { ChatConfig } from './chat-config.ts'
import { chooseModel, createModel } from './choose-model.ts'
import type { Model } from './model.ts'
import type { Output } from './output.ts'
import { createQuestions } from './questions.ts'
import type { Session } from './session-file.ts'
import { replacePersona } from './system-prompt.ts'
import { Interruption, isIgnored, takeTurn, type Query } from './take-turn.ts'

export interface WorkerContext {
  config: ChatConfig
  session: Session
  output: Output
  /** The program is to end at once. */
  signal: AbortSignal
}

/** What is told to the worker; the rest of the input is for who reads it. */
export type Order = Exclude<RunnerInput, { type: 'stop' | 'ping' }>

/** Takes one turn after the other, and orders meanwhile. */
export interface Worker {
  take(order: Order): void
  /** No query after the one that is worked on is begun. */
  stop(): void
  /** Resolves when nothing is left to do; questions are answered by nobody from then on. */
  finished(): Promise<void>
  /** Rejects when the program can't go on: the conversation or the output can't be written. */
  broken: Promise<never>
}

interface OpenTurn {
  id: string
  abort: AbortController
  /** Queries that are to join it and have not yet. */
  joining: Query[]
}

export function createWorker(context: WorkerContext): Worker {
  const { output, signal } = context
  const config = { ...context.config }
  const questions = createQuestions(output)
  const queue: Query[] = []
  let turn: OpenTurn | null = null
  let working = Promise.resolve()
  let isStopped = false
  let found: Promise<Model> | null = null
  const { promise: broken, reject } = Promise.withResolvers<never>()
  // Whoever waits for it is told; nobody may be waiting yet.
  broken.catch(() => undefined)

  async function work(): Promise<void> {
    for (let query = queue.shift(); query; query = queue.shift()) {
      signal.throwIfAborted()
      const own: OpenTurn = { id: query.id, abort: new AbortController(), joining: [] }
      turn = own
      await takeTurn(query, {
        ...context,
        config,
        questions,
        model: () => (found ??= connectModel({ ...context, config })),
        signal: AbortSignal.any([signal, own.abort.signal]),
        takeJoining: () => own.joining.splice(0),
      })
      turn = null
      // Those that came too late to join have turns of their own.
      queue.unshift(...(isStopped ? [] : own.joining))
    }
  }

  function takeQuery(query: Query): void {
    if (isStopped) {
      return
    }
    if (query.steer && turn && !isIgnored(query, config)) {
      turn.joining.push(query)
      return
    }
    queue.push(query)
    if (!turn) {
      // It begins at once: an interrupt that comes right behind finds the turn.
      working = work().catch((error: unknown) => {
        if (!signal.aborted) {
          reject(error)
        }
      })
    }
  }

  return {
    broken,
    take(order) {
      switch (order.type) {
        case 'query':
          return takeQuery(order)
        case 'interrupt':
          if (turn && (order.id === undefined || order.id === turn.id)) {
            turn.abort.abort(new Interruption())
          }
          return
        case 'answer':
          return questions.answer(order)
        case 'set_model':
          config.model = { ...config.model, name: order.model }
          found = null
          return
        case 'set_persona':
          Object.assign(config, replacePersona(config, order.persona))
          return
        case 'set_trigger':
          config.trigger = order.trigger
      }
    },
    stop() {
      isStopped = true
      queue.length = 0
    },
    async finished() {
      questions.close()
      await working
    },
  }
}

/** The model, chosen when the first message comes or after another was set, and named once in the output. */
async function connectModel({ config, output, signal }: WorkerContext): Promise<Model> {
  const model = createModel(await chooseModel(config.model, signal), config.limits)
  signal.throwIfAborted()
  output.event(null, { type: 'status', status: 'model', detail: model.title })
  return model
}
