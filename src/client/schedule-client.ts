import type { Schedule, ScheduleRequestInput } from '../schema/schedule.ts'
import { withDeadline, type CallOptions } from './call-options.ts'
import type { Call, Transport } from './transport.ts'

/** Schedules of one daemon: `client.schedules`. */
export class ScheduleClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Makes a schedule. The same again answers with the first one; another of that name is `name_taken`. */
  add(request: ScheduleRequestInput, options?: CallOptions): Promise<Schedule> {
    return this.#call({ method: 'POST', path: '/v1/schedules', body: request }, options)
  }

  list(options?: CallOptions): Promise<Schedule[]> {
    return this.#call({ method: 'GET', path: '/v1/schedules' }, options)
  }

  show(name: string, options?: CallOptions): Promise<Schedule> {
    return this.#call({ method: 'GET', path: schedulePath(name) }, options)
  }

  /** Removes it; what it sent stays. */
  async remove(name: string, options?: CallOptions): Promise<void> {
    await this.#call({ method: 'DELETE', path: schedulePath(name) }, options)
  }

  /** It fires nothing until `resume`. */
  pause(name: string, options?: CallOptions): Promise<Schedule> {
    return this.#call({ method: 'POST', path: `${schedulePath(name)}/pause` }, options)
  }

  /** It goes on with the first time that is to come. */
  resume(name: string, options?: CallOptions): Promise<Schedule> {
    return this.#call({ method: 'POST', path: `${schedulePath(name)}/resume` }, options)
  }

  #call<Answer>(
    call: Pick<Call, 'method' | 'path' | 'body'>,
    options?: CallOptions,
  ): Promise<Answer> {
    return this.#transport.request<Answer>({ ...call, ...withDeadline(options) })
  }
}

function schedulePath(name: string): string {
  return `/v1/schedules/${encodeURIComponent(name)}`
}
