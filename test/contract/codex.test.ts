import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { codexProvider } from '../../src/providers/codex/index.ts'
import type { Provider } from '../../src/providers/contract.ts'
import { startModelServer, type ModelServer } from '../../src/testing/index.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { describeProvider, type ProviderCase } from './describe-provider.ts'

const program = realProgram('codex')

const execOptions = { protocol: 'exec' }

/** What is left of Codex where each turn is a `codex exec` of its own. */
const execProvider: Provider = {
  ...codexProvider,
  capabilities: codexProvider.capabilitiesWith!(execOptions),
}

/** What both ways of talking to it have in common: the scripted model, with a key in a file. */
async function prepare(): Promise<
  Omit<ProviderCase, 'provider' | 'spec'> & { server: ModelServer }
> {
  const server = await startModelServer()
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-codex-key-'))
  const keyFile = path.join(folder, 'key')
  writeFileSync(keyFile, 'a-key\n')
  return {
    server,
    programPath: program,
    upstreams: { openai: { url: server.url, keyFile, model: 'scripted' } },
    isAccepting: true,
    turns: [
      { body: 'are you there?', reply: /^echo: are you there\?$/ },
      { body: '[[bash:echo from a program]] run it', reply: /from a program/ },
    ],
    afterResume: { body: '[[say:still here]]', reply: /^still here$/ },
    async close() {
      rmSync(folder, { recursive: true, force: true })
      await server.close()
    },
  }
}

const command = (cmd: string, rest: object = {}): string =>
  `[[tool:exec_command ${JSON.stringify({ cmd, ...rest })}]]`

if (program) {
  describeProvider('codex, the real Codex on a scripted model', async () => {
    const { server, ...common } = await prepare()
    return {
      ...common,
      provider: codexProvider,
      spec: { persona: 'You are a test.' },
      asking: {
        spec: {},
        body: (file) =>
          command(`touch '${file}'`, {
            sandbox_permissions: 'require_escalated',
            justification: 'a test wants it',
          }),
      },
      longTurn: '[[slow:50]]',
      waitingTurn: (file) => command(`until test -e '${file}'; do sleep 0.05; done; sleep 1`),
      reloading: {
        change: { model: 'another' },
        isSeen: () => server.requests.at(-1)?.body['model'] === 'another',
      },
    }
  })
  describeProvider('codex, the real Codex once for each turn', async () => {
    const { server: _server, ...common } = await prepare()
    return {
      ...common,
      provider: execProvider,
      spec: { persona: 'You are a test.', options: execOptions },
    }
  })
} else {
  requireOrSkip('codex', false)('provider codex, the real Codex', () => {
    throw new Error('Codex is required and is not there: DROVER_TEST_CODEX names its path.')
  })
}
