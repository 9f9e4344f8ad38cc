import { geminiProvider } from '../../src/providers/gemini/index.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeAcpProgram, type AcpProgramCase } from './acp-programs.ts'
import { describeProvider } from './describe-provider.ts'

const program = realProgram('gemini')

if (program) {
  describeProvider('gemini, the real Gemini CLI on a scripted model', prepare)
  describeAcpProgram('gemini', prepare)
} else {
  requireOrSkip('gemini', false)('provider gemini, the real Gemini CLI', () => {
    throw new Error('Gemini CLI is required and is not there: DROVER_TEST_GEMINI names its path.')
  })
}

/** The real Gemini CLI on a scripted model, asking nobody. */
async function prepare(): Promise<AcpProgramCase> {
  const server = await startModelServer()
  return {
    server,
    tellsTries: false,
    provider: geminiProvider,
    programPath: program,
    spec: {
      persona: 'You are a test.',
      model: 'gemini-2.5-pro',
      options: { approvalMode: 'yolo' },
    },
    upstreams: { gemini: { url: server.url } },
    isAccepting: true,
    turns: [
      { body: 'are you there?', reply: /^echo: are you there\?$/ },
      { body: '[[bash:echo from a program]] run it', reply: /from a program/ },
    ],
    afterResume: { body: '[[say:still here]]', reply: /^still here$/ },
    asking: { spec: { options: {} }, body: (file) => `[[bash:touch '${file}']]` },
    longTurn: '[[slow:100]]',
    reloading: {
      change: { model: 'gemini-2.5-flash' },
      isSeen: () =>
        server.requests.at(-1)?.path.includes('/gemini-2.5-flash:streamGenerateContent') === true,
    },
    close: () => server.close(),
  }
}
