import { opencodeProvider } from '../../src/providers/opencode/index.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeAcpProgram, type AcpProgramCase } from './acp-programs.ts'
import { describeProvider } from './describe-provider.ts'

const program = realProgram('opencode')

if (program) {
  describeProvider('opencode, the real OpenCode on a scripted model', prepare)
  describeAcpProgram('opencode', prepare)
} else {
  requireOrSkip('opencode', false)('provider opencode, the real OpenCode', () => {
    throw new Error('OpenCode is required and is not there: DROVER_TEST_OPENCODE names its path.')
  })
}

/** The real OpenCode on a scripted model, asking nobody. */
async function prepare(): Promise<AcpProgramCase> {
  const server = await startModelServer()
  return {
    server,
    tellsTries: true,
    provider: opencodeProvider,
    programPath: program,
    spec: {
      persona: 'You are a test.',
      model: 'scripted-model',
      options: { permissions: { bash: 'allow' } },
    },
    upstreams: { openai: { url: server.url } },
    isAccepting: true,
    turns: [
      { body: 'are you there?', reply: /^echo: are you there\?$/ },
      { body: '[[bash:echo from a program]] run it', reply: /from a program/ },
    ],
    afterResume: { body: '[[say:still here]]', reply: /^still here$/ },
    asking: { spec: { options: {} }, body: (file) => `[[bash:touch '${file}']]` },
    longTurn: '[[slow:100]]',
    close: () => server.close(),
  }
}
