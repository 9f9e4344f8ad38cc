import { opencodeProvider } from '../../src/providers/opencode/index.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeTerminal } from './describe-terminal.ts'

const programPath = realProgram('opencode')
requireOrSkip('opencode', programPath !== null)

if (programPath) {
  describeTerminal('OpenCode', {
    provider: opencodeProvider,
    programPath,
    upstream: 'openai',
    spec: { options: { permissions: { external_directory: 'allow' } } },
    asking: (file) => `[[bash:touch ${file}]]`,
    yesKeys: '\r',
  })
}
