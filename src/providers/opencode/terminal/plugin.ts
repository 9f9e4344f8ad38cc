/**
 * A plugin of OpenCode, loaded by the program itself: it appends what happens to `notes` of the run's
 * folder, and does what is put into `answers/`: a message for the session, an answer to a question, the
 * end of a turn. It stands alone: nothing of Drover is there where it runs.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, unlinkSync, watch } from 'node:fs'
import path from 'node:path'

interface BusEvent {
  type: string
  properties: Record<string, unknown>
}

interface ChatMessage {
  message: { id: string; sessionID: string }
  parts: readonly { type: string; text?: string; synthetic?: boolean }[]
}

/** What is used of OpenCode's own client. */
interface Client {
  _client: {
    post(request: { url: string; body: object; headers: object }): Promise<{
      data?: unknown
      error?: unknown
    }>
  }
}

/** Events that tell of turns; the rest is of no use, and much. */
const told: ReadonlySet<string> = new Set([
  'session.created',
  'session.updated',
  'session.status',
  'session.idle',
  'session.error',
  'message.updated',
  'message.part.updated',
  'permission.asked',
  'permission.replied',
])

/** The session is shown once its terminal is up, which nothing tells: it is asked for some times, ms. */
const showAfterMs: readonly number[] = [0, 1500, 4000, 10_000]

/** So often it looks for what no watch told, ms. */
const lookMs = 250

const runFolder = process.env['DROVER_RUN_FOLDER'] ?? ''
const answers = path.join(runFolder, 'answers')
const headers = { 'content-type': 'application/json' }

function note(event: string, data: object): void {
  const line = JSON.stringify({ event, at: Date.now(), data })
  appendFileSync(path.join(runFolder, 'notes'), `${line}\n`, { mode: 0o600 })
}

/** The one thing that OpenCode reads from this file. */
export async function droverPlugin({ client }: { client: Client }): Promise<object> {
  let session = process.env['DROVER_SESSION'] ?? ''
  /** Messages that were handed over, to be known again. */
  const given: { id: string; text: string }[] = []
  let last: Promise<void> = Promise.resolve()

  async function post(url: string, body: object): Promise<unknown> {
    const { data, error } = await client._client.post({ url, body, headers })
    if (error !== undefined) {
      throw new Error(JSON.stringify(error))
    }
    return data
  }

  async function openSession(): Promise<void> {
    const { id } = (await post('/session', {})) as { id: string }
    session = id
    for (const ms of showAfterMs) {
      setTimeout(() => void post('/tui/select-session', { sessionID: id }).catch(() => {}), ms)
    }
  }

  async function perform(name: string, text: string): Promise<void> {
    if (name.startsWith('say-')) {
      const message = { id: name.slice('say-'.length), text }
      if (session === '') {
        await openSession()
      }
      given.push(message)
      await post(`/session/${session}/prompt_async`, { parts: [{ type: 'text', text }] })
    } else if (name === 'abort') {
      note('aborting', {})
      await post(`/session/${session}/abort`, {})
    } else {
      await post(`/permission/${name}/reply`, JSON.parse(text) as object)
    }
  }

  /** One after the other, each once: a file is gone before it is acted on. */
  function look(): void {
    for (const name of readdirSync(answers).filter((each) => !each.startsWith('.'))) {
      const file = path.join(answers, name)
      const text = readFileSync(file, 'utf8')
      unlinkSync(file)
      last = last
        .then(() => perform(name, text))
        .catch((error: unknown) => note('failed', { name, error: String(error) }))
    }
  }

  mkdirSync(answers, { recursive: true, mode: 0o700 })
  watch(answers, look)
  // OpenCode's runtime loses some of what its watch should tell.
  setInterval(look, lookMs).unref()
  look()
  note('ready', {})
  return {
    async event({ event }: { event: BusEvent }) {
      if (told.has(event.type)) {
        note(event.type, event.properties)
      }
    },
    async 'chat.message'(_: unknown, { message, parts }: ChatMessage) {
      const spoken = parts.filter(({ type, synthetic }) => type === 'text' && !synthetic)
      const text = spoken.map((part) => part.text ?? '').join('\n')
      const index = given.findIndex((each) => each.text === text)
      const [known] = index === -1 ? [] : given.splice(index, 1)
      session = message.sessionID
      note('chat.message', { sessionID: session, id: message.id, message: known?.id ?? null })
    },
  }
}
