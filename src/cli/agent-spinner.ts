import type { Client } from '../client/index.ts'
import type { Invocation } from './invocation.ts'
import { formatWait, type Wait } from './format-wait.ts'
import { oneLine } from './plain-text.ts'
import { startSpinner, type Spinner } from './spinner.ts'

/** A wait shorter than this does not ask what it is for, ms. */
const patienceMs = 400

export interface AgentSpinnerOptions {
  /** What is waited for; what the agent itself waits for is added. */
  text: string
  agent: string
  signal: AbortSignal
}

/** Runs the work; on a terminal a wait that lasts says what the agent waits for, as it changes. */
export async function withAgentSpinner<Result>(
  invocation: Pick<Invocation, 'context' | 'client'>,
  options: AgentSpinnerOptions,
  work: Promise<Result>,
): Promise<Result> {
  const spinner = startAgentSpinner(invocation, options)
  try {
    return await work
  } finally {
    spinner.stop()
  }
}

/** The same, stopped by hand; stopping twice is harmless. */
export function startAgentSpinner(
  { context, client }: Pick<Invocation, 'context' | 'client'>,
  { text, agent, signal }: AgentSpinnerOptions,
): Pick<Spinner, 'stop' | 'note'> {
  const spinner = startSpinner(context, text)
  const over = new AbortController()
  const watch = (): void => {
    const watched = AbortSignal.any([signal, over.signal])
    watchWait(client, { agent, signal: watched }, (more) =>
      spinner.say(more === null ? text : `${text}: ${more}`),
    ).catch(() => undefined)
  }
  const timer = context.stderr.isTTY === true ? setTimeout(watch, patienceMs) : undefined
  return {
    note: (line) => spinner.note(line),
    stop: () => {
      clearTimeout(timer)
      over.abort()
      spinner.stop()
    },
  }
}

/** Tells what an agent waits for or is at, null for nothing, now and each time it changes, until the signal. */
async function watchWait(
  client: Client,
  { agent, signal }: Omit<AgentSpinnerOptions, 'text'>,
  tell: (text: string | null) => void,
): Promise<void> {
  const { lastSeq: since } = await client.status({ signal })
  const { waiting } = await client.show(agent, { signal })
  const say = (wait: Wait | null): void => tell(wait && formatWait(wait, Date.now()))
  say(waiting ?? null)
  for await (const { type, data } of client.events({ since, agent, signal })) {
    if (type === 'agent.waiting') {
      const { cause, until } = data
      say({ cause: String(cause), until: typeof until === 'number' ? until : null })
    } else if (type === 'run.preparing') {
      tell(oneLine(String(data['text'])))
    } else if (type === 'run.starting' || type === 'run.running') {
      tell(null)
    }
  }
}
