import type {
  Detection,
  Provider,
  ProviderCapabilities,
  ProviderContext,
  Speech,
} from '../contract.ts'
import { detectProgram } from '../detect-program.ts'
import { answerClaude, interruptClaude, reloadClaude } from './control.ts'
import { createClaudeDecoder } from './decoder.ts'
import { findClaudeSession } from './find-session.ts'
import { findClaude, installHint, launchClaude } from './launch.ts'
import { claudeLogin, loginHint } from './login.ts'
import { ClaudeOptions } from './options.ts'
import { carryClaudeState } from './state.ts'
import { refuseClaudeArguments } from './refuse-arguments.ts'
import { claudeTerminal } from './terminal/index.ts'
import { encodeClaudeMessage } from './wire.ts'

const capabilities: ProviderCapabilities = {
  structured: true,
  terminal: true,
  resume: true,
  approvals: true,
  models: true,
  cost: true,
  turns: true,
  handshake: false,
  steer: true,
  interrupt: true,
  fork: true,
  reload: ['model', 'options'],
}

/** Modes in which it uses a tool, or does not, without asking: a policy of approvals would never be heard. */
const unasked = new Set<unknown>(['bypassPermissions', 'dontAsk'])

/** Claude Code, headless, over stream-json; and at a terminal. */
export const claudeProvider: Provider = {
  name: 'claude',
  title: 'Claude Code',
  capabilities,
  terminal: { ...claudeTerminal, capabilitiesWith: asking(claudeTerminal.capabilities) },
  capabilitiesWith: asking(capabilities),
  options: ClaudeOptions,
  unsupported: ['trigger', 'program'],
  honours: ['effort', 'profile', 'addDirs', 'args'],
  efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
  askMs: 3000,
  installation: { program: 'claude', package: '@anthropic-ai/claude-code' },
  tested: { from: '2.1.329', to: '2.1.329' },
  detect: detectClaude,
  login: claudeLogin,
  loginHint,
  findSession: findClaudeSession,
  refuseArguments: refuseClaudeArguments,
  launch: async (request) => launchClaude(request),
  encode: encodeClaudeMessage,
  createDecoder: (state) => createClaudeDecoder(state),
  carry: carryClaudeState,
  answer: answerClaude,
  interrupt: interruptClaude,
  reload: reloadClaude,
}

/** What of them is left in the mode of an agent. */
function asking(all: ProviderCapabilities): NonNullable<Speech['capabilitiesWith']> {
  return ({ permissionMode }) => (unasked.has(permissionMode) ? { ...all, approvals: false } : all)
}

/** Path, version and login; no model is asked. */
async function detectClaude(context: ProviderContext): Promise<Detection> {
  const wanted = {
    program: findClaude(context),
    versionArguments: ['--version'],
    env: { DISABLE_AUTOUPDATER: '1' },
    installHint,
    login: claudeLogin({ ...context, options: {} }),
    loginHint,
  }
  return await detectProgram(wanted, context)
}
