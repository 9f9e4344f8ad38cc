import {
  agent,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  RequestError,
  type InitializeResponse,
} from '@agentclientprotocol/sdk'
import { DroverError } from '../../schema/error.ts'
import type { CliContext } from '../context.ts'
import type { Invocation } from '../invocation.ts'
import { oneLine } from '../plain-text.ts'
import { EditorSession } from './editor-session.ts'

/**
 * Speaks as one managed agent to the editor on stdin and stdout, until the editor is gone; the agent
 * lives on. There is one session, the agent's own. Errors: `agent_not_found`, before a word is said.
 */
export async function serveEditor(
  { client, context, output }: Invocation,
  name: string,
  { isFresh }: { isFresh: boolean },
): Promise<void> {
  const { id, dir } = await client.show(name)
  const gone = new AbortController()
  const note = (text: string): void => output.note(`drover: ${oneLine(text)}`)
  let session: EditorSession | null = null
  const openSession = async (cwd: string): Promise<EditorSession> => {
    if (cwd !== dir) {
      note(`${name} works in ${dir}, not in ${cwd}.`)
    }
    if (session === null) {
      const opened = new EditorSession({ client, name, signal: gone.signal, note })
      await opened.open()
      session = opened
    }
    return session
  }
  const known = (sessionId: string): EditorSession => {
    if (sessionId !== id || session === null) {
      throw RequestError.invalidParams(undefined, `there is no session ${sessionId}`)
    }
    return session
  }
  const connection = agent({ name: 'drover' })
    .onRequest(methods.agent.initialize, () => greeting(context.version))
    .onRequest(methods.agent.session.new, ({ params }) =>
      explained(async () => {
        await openSession(params.cwd)
        if (isFresh) {
          await client.new(name, { signal: gone.signal })
        }
        return { sessionId: id }
      }),
    )
    .onRequest(methods.agent.session.load, ({ params, client: editor }) =>
      explained(async () => {
        checkId(params.sessionId, id)
        const opened = await openSession(params.cwd)
        await opened.replay(editor, id)
        return {}
      }),
    )
    .onRequest(methods.agent.session.resume, ({ params }) =>
      explained(async () => {
        checkId(params.sessionId, id)
        await openSession(params.cwd)
        return {}
      }),
    )
    .onRequest(methods.agent.session.prompt, ({ params, client: editor }) =>
      explained(async () => await known(params.sessionId).prompt(params, editor)),
    )
    .onNotification(methods.agent.session.cancel, async ({ params }) => {
      await known(params.sessionId).cancel()
    })
    .connect(streamOf(context))
  await connection.closed
  gone.abort()
}

function greeting(version: string): InitializeResponse {
  return {
    protocolVersion: PROTOCOL_VERSION,
    agentInfo: { name: 'drover', title: 'Drover', version },
    agentCapabilities: {
      loadSession: true,
      promptCapabilities: { embeddedContext: true },
      sessionCapabilities: { resume: {} },
    },
    authMethods: [],
  }
}

function checkId(sessionId: string, id: string): void {
  if (sessionId !== id) {
    throw RequestError.invalidParams(undefined, `there is no session ${sessionId}`)
  }
}

/** What the daemon refused with is said in its own words, with its code. */
async function explained<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RequestError) {
      throw error
    }
    const code = error instanceof DroverError ? { code: error.code } : undefined
    throw new RequestError(-32_603, (error as Error).message, code)
  }
}

function streamOf({ stdin, stdout }: CliContext): ReturnType<typeof ndJsonStream> {
  const input = ReadableStream.from<Uint8Array>(bytesOf(stdin))
  const output = new WritableStream<Uint8Array>({
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stdout.write(chunk, (error) => (error ? reject(error) : resolve()))
      }),
  })
  return ndJsonStream(output, input)
}

async function* bytesOf(stdin: CliContext['stdin']): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const chunk of stdin) {
    yield typeof chunk === 'string' ? encoder.encode(chunk) : new Uint8Array(chunk)
  }
}
