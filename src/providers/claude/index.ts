import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Detection, Provider, ProviderContext } from '../contract.ts'
import { carryClaudeState, createClaudeDecoder } from './decoder.ts'
import { findClaude, installHint, launchClaude } from './launch.ts'
import { ClaudeOptions } from './options.ts'
import { encodeClaudeMessage } from './wire.ts'

/** Claude Code, headless, over stream-json. */
export const claudeProvider: Provider = {
  name: 'claude',
  title: 'Claude Code',
  capabilities: {
    structured: true,
    terminal: false,
    resume: true,
    approvals: false,
    models: true,
    cost: true,
    turns: true,
    handshake: false,
    steer: false,
    interrupt: false,
    fork: false,
    reload: [],
  },
  options: ClaudeOptions,
  unsupported: ['trigger', 'program'],
  askMs: 3000,
  detect: detectClaude,
  launch: async (request) => launchClaude(request),
  encode: encodeClaudeMessage,
  createDecoder: (state) => createClaudeDecoder(state),
  carry: carryClaudeState,
}

/** Path and version; no model is asked. */
async function detectClaude(context: ProviderContext): Promise<Detection> {
  const program = findClaude(context)
  if (!program) {
    return { usable: false, detail: 'not found', hint: installHint }
  }
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], {
      env: { ...context.env, DISABLE_AUTOUPDATER: '1' },
      timeout: 10_000,
      signal: context.signal,
    })
    return { usable: true, detail: `${stdout.trim()}, ${program}`, hint: null }
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return { usable: false, detail: `${program} does not run: ${reason}`, hint: installHint }
  }
}
