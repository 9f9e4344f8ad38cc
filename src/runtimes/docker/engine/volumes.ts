import { z } from 'zod'
import { isMissing } from './refusal.ts'
import type { Transport } from './transport.ts'

export interface VolumeState {
  name: string
  labels: Readonly<Record<string, string>>
  /** Where it is on the engine's machine. */
  mountpoint: string
}

const Volume = z.object({
  Name: z.string(),
  Mountpoint: z.string().default(''),
  Labels: z.record(z.string(), z.string()).nullish(),
})
const Listed = z.object({ Volumes: z.array(Volume).nullish() })

/** What can be done to volumes. */
export class Volumes {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** One of that name that is there already is taken as it is. */
  async create(
    name: string,
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<VolumeState> {
    const body = { Name: name, Labels: labels }
    const request = { method: 'POST', path: '/volumes/create', body, signal } as const
    return readVolume(await this.#transport.ask(request, Volume))
  }

  /** One that is gone is fine; one in use is `engine_refused`. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    try {
      const path = `/volumes/${encodeURIComponent(name)}`
      await this.#transport.askText({ method: 'DELETE', path, signal })
    } catch (error) {
      if (!isMissing(error)) {
        throw error
      }
    }
  }

  async list(labels: readonly string[], signal: AbortSignal): Promise<VolumeState[]> {
    const query = labels.length > 0 ? { filters: { label: labels } } : {}
    const request = { method: 'GET', path: '/volumes', query, signal } as const
    return ((await this.#transport.ask(request, Listed)).Volumes ?? []).map(readVolume)
  }
}

function readVolume(answer: z.infer<typeof Volume>): VolumeState {
  return { name: answer.Name, labels: answer.Labels ?? {}, mountpoint: answer.Mountpoint }
}
