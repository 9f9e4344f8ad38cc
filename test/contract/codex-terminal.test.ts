import { codexProvider } from '../../src/providers/codex/index.ts'
import { hasProgram, realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeTerminalProgram } from './describe-terminal-program.ts'

const programPath = realProgram('codex')
requireOrSkip('codex', programPath !== null)

if (programPath && hasProgram('tmux')) {
  describeTerminalProgram('Codex', {
    provider: codexProvider,
    programPath,
    upstream: 'openai',
    asking: (file) => {
      const call = {
        cmd: `touch ${file}`,
        sandbox_permissions: 'require_escalated',
        justification: 'it must',
      }
      return `[[tool:exec_command ${JSON.stringify(call)}]]`
    },
    spec: {
      args: ['request_max_retries', 'stream_max_retries'].flatMap((name) => [
        '-c',
        `model_providers.drover.${name}=0`,
      ]),
    },
  })
}
