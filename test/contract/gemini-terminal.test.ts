import { geminiProvider } from '../../src/providers/gemini/index.ts'
import { hasProgram, realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeTerminalProgram } from './describe-terminal-program.ts'

const programPath = realProgram('gemini')
requireOrSkip('gemini', programPath !== null)

if (programPath && hasProgram('tmux')) {
  describeTerminalProgram('Gemini CLI', {
    provider: geminiProvider,
    programPath,
    upstream: 'gemini',
    spec: { model: 'gemini-2.5-pro' },
    asking: (file) => `[[bash:touch ${file}]]`,
    yesKeys: '1',
  })
}
