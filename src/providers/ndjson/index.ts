import path from 'node:path'
import { z } from 'zod'
import type { Detection, LaunchRequest, Provider, ProviderLaunch } from '../contract.ts'
import { ownProgram } from '../own-program.ts'
import { createRunnerDecoder } from './runner-decoder.ts'
import { carryRunnerState } from './runner-state.ts'
import {
  answerRunner,
  encodeRunnerMessage,
  interruptRunner,
  reloadRunner,
} from './runner-orders.ts'

/** Options of the `ndjson` provider: there are none. What its program can, that says itself. */
export const NdjsonOptions = z.strictObject({})

/** Any program that speaks the runner protocol: a few lines in any language. */
export const ndjsonProvider: Provider = {
  name: 'ndjson',
  title: 'your own agent program, over the runner protocol',
  /** The most that a program of this protocol can; each says in `ready` what of it is its own. */
  capabilities: {
    structured: true,
    terminal: false,
    resume: true,
    approvals: true,
    models: true,
    cost: true,
    turns: true,
    // It needs no greeting, but what it can is known once it says `ready`.
    handshake: true,
    steer: true,
    interrupt: true,
    fork: false,
    reload: ['model', 'persona', 'trigger'],
  },
  options: NdjsonOptions,
  unsupported: [],
  askMs: 2000,
  async detect(): Promise<Detection> {
    return {
      usable: true,
      detail: 'runs the program given after --',
      version: null,
      login: 'unknown',
      hint: null,
    }
  },
  launch: launchRunner,
  encode: encodeRunnerMessage,
  createDecoder: createRunnerDecoder,
  carry: carryRunnerState,
  answer: answerRunner,
  interrupt: interruptRunner,
  reload: reloadRunner,
}

/** Everything by environment; a text that may be long, the system prompt, in a file of the agent's own. */
async function launchRunner(request: LaunchRequest): Promise<ProviderLaunch> {
  const { spec, resume, newSession, stateFolder, systemPrompt } = request
  const promptFile = path.join(stateFolder, 'system-prompt.md')
  return {
    argv: ownProgram(request),
    env: {
      ...(resume === null ? {} : { DROVER_SESSION: resume }),
      DROVER_NEW_SESSION: newSession,
      DROVER_STATE: stateFolder,
      DROVER_SYSTEM_PROMPT_FILE: promptFile,
      ...(spec.model === undefined ? {} : { DROVER_MODEL: spec.model }),
      ...(spec.trigger === undefined ? {} : { DROVER_TRIGGER: spec.trigger }),
    },
    // Also when it is empty: with it comes the folder.
    files: [{ path: promptFile, content: systemPrompt ?? '' }],
    reservedBytes: 0,
  }
}
