import type {
  DecoderState,
  Detection,
  Provider,
  ProviderCapabilities,
  ProviderContext,
} from '../contract.ts'
import { detectProgram } from '../detect-program.ts'
import { checkCodexSpec } from './check-spec.ts'
import { createAppServerDecoder } from './decoder.ts'
import { createExecDecoder, encodeExecMessage } from './exec-decoder.ts'
import { findCodexSession } from './find-session.ts'
import { findCodex, installHint, launchCodex } from './launch.ts'
import { codexLogin, loginHint } from './login.ts'
import { CodexOptions } from './options.ts'
import { encodeAnswer } from './questions.ts'
import { refusedArgument } from './refused-arguments.ts'
import { carryState } from './state.ts'
import { codexAtTerminal } from './terminal/speech.ts'
import { encodeAppServerMessage, encodeInterrupt, request, requestIds, textOf } from './wire.ts'

const capabilities: ProviderCapabilities = {
  structured: true,
  terminal: true,
  resume: true,
  approvals: true,
  models: true,
  cost: true,
  turns: true,
  handshake: true,
  steer: true,
  interrupt: true,
  fork: true,
  reload: ['model'],
}

/**
 * OpenAI's Codex, over the protocol of its `app-server`; where told, by one `codex exec` for each
 * turn. That one can ask nobody, and can't be steered, interrupted or changed in mid-run.
 */
export const codexProvider: Provider = {
  name: 'codex',
  title: 'Codex',
  capabilities,
  terminal: codexAtTerminal(capabilities),
  capabilitiesWith: ({ protocol }) =>
    protocol === 'exec'
      ? { ...capabilities, approvals: false, steer: false, interrupt: false, reload: [] }
      : capabilities,
  options: CodexOptions,
  unsupported: ['trigger', 'program'],
  honours: ['effort', 'profile', 'addDirs', 'args'],
  refuseArguments: refusedArgument,
  checkSpec: checkCodexSpec,
  askMs: 3000,
  installation: { program: 'codex', package: '@openai/codex' },
  tested: { from: '0.169.0', to: '0.169' },
  detect: detectCodex,
  login: codexLogin,
  loginHint,
  findSession: findCodexSession,
  launch: async (wanted) => launchCodex(wanted),
  encode: (message, state) =>
    isExec(state) ? encodeExecMessage(message, state) : encodeAppServerMessage(message, state),
  createDecoder: (state, spec) =>
    spec.options['protocol'] === 'exec' ? createExecDecoder(state) : createAppServerDecoder(state),
  carry: carryState,
  answer: encodeAnswer,
  interrupt: (state) => (isExec(state) ? null : encodeInterrupt(state)),
  reload({ model }, state) {
    const thread = textOf(state?.['thread'])
    return thread && model !== undefined
      ? request(requestIds.settings, 'thread/settings/update', { threadId: thread, model })
      : null
  },
}

function isExec(state: DecoderState | null): boolean {
  return state?.['protocol'] === 'exec'
}

/** Path, version and login; no model is asked. */
async function detectCodex(context: ProviderContext): Promise<Detection> {
  const wanted = {
    program: findCodex(context),
    versionArguments: ['--version'],
    installHint,
    login: codexLogin({ ...context, options: {}, stateFolder: null }),
    loginHint,
  }
  return await detectProgram(wanted, context)
}
