import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AgentSpec } from '../../src/schema/agent.ts'
import type {
  LaunchRequest,
  Provider,
  ProviderEvent,
  Reload,
} from '../../src/providers/contract.ts'
import { driveProgram, type Driver } from './drive-program.ts'

/** How one provider's program is brought up for the suite. What it says that it can, a case must show. */
export interface ProviderCase {
  provider: Provider
  /** Fields of the spec besides provider, runtime and folder. */
  spec?: Partial<AgentSpec>
  /** Complete environment but for PATH and HOME, which are the test's own. */
  env?: Record<string, string>
  upstreams?: LaunchRequest['upstreams']
  programPath?: string | null
  /** Two messages, and what the reply to each must hold. */
  turns: readonly [ProviderTurn, ProviderTurn]
  /** Asked in a later run of the same session; left out where the provider can't resume. */
  afterResume?: ProviderTurn
  /** The program itself says that it took a message. */
  isAccepting: boolean
  /** With `approvals`: a message at which it asks whether it may make this file; `spec` in place of the case's. */
  asking?: { spec: Partial<AgentSpec>; body: (file: string) => string }
  /** With `interrupt`: a message that it answers word by word, for some seconds. */
  longTurn?: string
  /** With `steer`: a message at which it is in a tool until a second after this file is there. */
  waitingTurn?: (file: string) => string
  /** With `reload`: a change, and whether the turn that came after it was taken with it. */
  reloading?: { change: Reload; isSeen: () => boolean }
  /** With `cost`: what answers here tells none. */
  isUnmeasured?: boolean
  /** Releases what the case made. */
  close?: () => Promise<void>
}

export interface ProviderTurn {
  body: string
  reply: RegExp
}

export interface Stage {
  case: ProviderCase
  folder: string
  /** A launch of the case's agent. */
  request(resume: string | null, newSession: string, rest?: Partial<LaunchRequest>): LaunchRequest
  /** Brings it up; what still runs at the end of the suite is ended. */
  drive(request: LaunchRequest): Promise<Driver>
  close(): Promise<void>
}

export type TurnEnded = Extract<ProviderEvent, { type: 'turn.ended' }>

export const firstSession = '11111111-1111-4111-8111-111111111111'
export const laterSession = '22222222-2222-4222-8222-222222222222'

export function createStage(providerCase: ProviderCase): Stage {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-provider-')))
  const [dir, home, stateFolder] = ['work', 'home', 'state'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string]
  for (const place of [dir, home, stateFolder]) {
    mkdirSync(place)
  }
  const { provider, spec, env, upstreams = {}, programPath = null } = providerCase
  const drivers: Driver[] = []
  return {
    case: providerCase,
    folder,
    request: (resume, newSession, rest = {}) => ({
      env: { PATH: process.env['PATH'] ?? '', HOME: home, ...env },
      programPath,
      upstreams,
      signal: AbortSignal.timeout(60_000),
      agent: { id: 'agt_contract', name: 'tester' },
      spec: AgentSpec.parse({ provider: provider.name, runtime: 'process', dir, ...spec }),
      resume,
      newSession,
      isFork: false,
      systemPrompt: spec?.persona ?? null,
      stateFolder,
      runFolder: `${stateFolder}/run`,
      ...rest,
    }),
    async drive(request) {
      const driver = await driveProgram(provider, request)
      drivers.push(driver)
      return driver
    },
    async close() {
      drivers.forEach(({ child }) => child.kill('SIGKILL'))
      await Promise.all(drivers.map(({ exited }) => exited))
      rmSync(folder, { recursive: true, force: true })
      await providerCase.close?.()
    },
  }
}

export function sessionOf(events: readonly ProviderEvent[]): string | undefined {
  return events.findLast((event) => event.type === 'session')?.session
}
