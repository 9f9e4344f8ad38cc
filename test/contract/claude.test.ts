import { claudeProvider } from '../../src/providers/claude/index.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeProvider } from './describe-provider.ts'

const program = realProgram('claude')

if (program) {
  describeProvider('claude, the real Claude Code on a scripted model', async () => {
    const server = await startModelServer()
    return {
      provider: claudeProvider,
      programPath: program,
      spec: { persona: 'You are a test.', options: { permissionMode: 'bypassPermissions' } },
      upstreams: { anthropic: { url: server.url } },
      isAccepting: true,
      turns: [
        { body: 'are you there?', reply: /^echo: are you there\?$/ },
        { body: '[[bash:echo from a program]] run it', reply: /from a program/ },
      ],
      afterResume: { body: '[[say:still here]]', reply: /^still here$/ },
      asking: {
        spec: { options: { permissionMode: 'default' } },
        body: (file) => `[[bash:touch ${file}]]`,
      },
      longTurn: '[[slow:40]]',
      waitingTurn: (file) => `[[bash:until test -e '${file}'; do sleep 0.05; done; sleep 1]]`,
      reloading: {
        change: { model: 'claude-haiku-4-5' },
        isSeen: () => server.requests.at(-1)?.body['model'] === 'claude-haiku-4-5',
      },
      close: () => server.close(),
    }
  })
} else {
  requireOrSkip('claude', false)('provider claude, the real Claude Code', () => {
    throw new Error('Claude Code is required and is not there: DROVER_TEST_CLAUDE names its path.')
  })
}
