import { claudeProvider } from '../../src/providers/claude/index.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeTerminalProgram } from './describe-terminal-program.ts'

const programPath = realProgram('claude')
requireOrSkip('claude', programPath !== null)

if (programPath) {
  describeTerminalProgram('Claude Code', {
    provider: claudeProvider,
    programPath,
    upstream: 'anthropic',
    asking: (file) => `[[bash:touch ${file}]]`,
    yesKeys: '\r',
    spec: { options: { permissionMode: 'default' } },
  })
}
