import { DroverError } from '../../schema/error.ts'
import { limits } from '../../schema/limits.ts'
import type { LaunchRequest, Provider, ProviderCapabilities } from '../contract.ts'
import { greetingLine, reloadId } from './open-session.ts'
import { answerPermission } from './permission.ts'
import { modelRequest } from './session-settings.ts'
import { carryAcpState, readState } from './state.ts'
import { encodePrompt, interruptTurn } from './turn.ts'
import { requestLine } from './wire.ts'

/** The program repeats it in its answer, beside which there must be room in a line of output. */
const longestGreeting = limits.lineBytes / 2

/** What every provider on this protocol can do. */
export const acpCapabilities: ProviderCapabilities = {
  structured: true,
  terminal: false,
  resume: true,
  approvals: true,
  models: true,
  cost: true,
  turns: true,
  handshake: true,
  steer: false,
  interrupt: true,
  fork: true,
  reload: ['model'],
}

/** What every provider on this protocol does the same. */
export const acpParts = {
  encode: encodePrompt,
  carry: carryAcpState,
  answer: answerPermission,
  interrupt: interruptTurn,
  reload({ model, ...rest }, saved) {
    const { session, modelSwitch } = readState(saved)
    const isOther = Object.values(rest).some((value) => value !== undefined)
    if (model === undefined || isOther || modelSwitch === null || session === null) {
      return null
    }
    const { method, params } = modelRequest(modelSwitch, session, model)
    return requestLine(reloadId, method, params)
  },
} as const satisfies Partial<Provider>

/**
 * First line of a run's input; `isPromptTold`: the program has its system prompt from elsewhere.
 * Errors: `invalid_request` for a prompt that is too long to come back in one line.
 */
export function greet(
  { resume, isFork, systemPrompt }: Pick<LaunchRequest, 'resume' | 'isFork' | 'systemPrompt'>,
  { isPromptTold }: { isPromptTold: boolean },
): string {
  const line = greetingLine({ resume, isFork, systemPrompt: isPromptTold ? null : systemPrompt })
  if (Buffer.byteLength(line) > longestGreeting) {
    throw new DroverError(
      'invalid_request',
      'persona: with what goes before and after it, it is too long for a program over ACP (512 KiB).',
      { details: { field: 'persona' } },
    )
  }
  return line
}
