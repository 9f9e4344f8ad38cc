import { opencodeProvider } from '../../src/providers/opencode/index.ts'
import { hasProgram, realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeTerminalProgram } from './describe-terminal-program.ts'

const programPath = realProgram('opencode')
requireOrSkip('opencode', programPath !== null)

if (programPath && hasProgram('tmux')) {
  describeTerminalProgram('OpenCode', {
    provider: opencodeProvider,
    programPath,
    upstream: 'openai',
    spec: { options: { permissions: { external_directory: 'allow' } } },
    asking: (file) => `[[bash:touch ${file}]]`,
    yesKeys: '\r',
  })
}
