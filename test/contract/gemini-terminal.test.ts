import { geminiProvider } from '../../src/providers/gemini/index.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeTerminal } from './describe-terminal.ts'

const programPath = realProgram('gemini')
requireOrSkip('gemini', programPath !== null)

if (programPath) {
  describeTerminal('Gemini CLI', {
    provider: geminiProvider,
    programPath,
    upstream: 'gemini',
    spec: { model: 'gemini-2.5-pro' },
    asking: (file) => `[[bash:touch ${file}]]`,
    yesKeys: '1',
  })
}
