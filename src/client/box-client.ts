import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { BoxFile, ExecRequestInput } from '../schema/exec.ts'
import { agentPath, withDeadline, type CallOptions } from './call-options.ts'
import type { ExecStream } from './exec-stream.ts'
import type { Transport } from './transport.ts'

/** A tar begins once the engine has looked at all of it, ms. */
const slowMs = 150_000

/** A tar that is sent may take as long as it is large, ms. */
const uploadMs = 3_600_000

/** What is in the containers of agents: `client.boxes`. Errors of all: `agent_not_found`, `unsupported`, `box_not_found`. */
export class BoxClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Runs a program beside an agent that is awake; resolves once it runs. Errors: `box_asleep`. */
  async exec(
    agent: string,
    request: ExecRequestInput,
    { signal }: Pick<CallOptions, 'signal'> = {},
  ): Promise<ExecStream> {
    const { ExecStream } = await import('./exec-stream.ts')
    return await ExecStream.open(this.#transport, `${agentPath(agent)}/exec`, request, signal)
  }

  /** What is at a path, absolute or below the folder that the agent works in. Errors: `file_not_found`. */
  stat(agent: string, path: string, options?: CallOptions): Promise<BoxFile> {
    const call = { method: 'GET', path: `${agentPath(agent)}/file`, query: { path } } as const
    return this.#transport.request<BoxFile>({ ...call, ...withDeadline(options) })
  }

  /** A tar of what is there. One that breaks off ends with an error. Errors: `file_not_found`. */
  readArchive(agent: string, path: string, options?: CallOptions): Promise<IncomingMessage> {
    const call = { method: 'GET', path: `${agentPath(agent)}/archive`, query: { path } } as const
    return this.#transport.open({ ...call, ...withDeadline({ deadlineMs: slowMs, ...options }) })
  }

  /** Unpacks a tar into a folder; `make`: it is made where it is not there. Errors: `file_not_found`, `invalid_request`. */
  async writeArchive(
    agent: string,
    path: string,
    tar: Readable,
    { make, ...options }: CallOptions & { make?: boolean } = {},
  ): Promise<void> {
    const call = {
      method: 'PUT',
      path: `${agentPath(agent)}/archive`,
      query: { path, make },
    } as const
    const deadline = withDeadline({ deadlineMs: uploadMs, ...options })
    await this.#transport.request({ ...call, stream: tar, ...deadline })
  }
}
