import { chatProvider } from '../../src/providers/chat/index.ts'
import type { Provider } from '../../src/providers/contract.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { describeProvider } from './describe-provider.ts'

/** The practice model calls no tool but `remember`, and knows no other model. */
const practising: Provider = {
  ...chatProvider,
  capabilities: { ...chatProvider.capabilities, approvals: false, steer: false, reload: [] },
}

describeProvider('chat on the practice model', async () => ({
  provider: practising,
  spec: { options: { endpoint: 'practice' } },
  isAccepting: true,
  isUnmeasured: true,
  turns: [
    {
      body: 'Hello! Who are you?',
      reply: /practice model.*no AI.*message \d of|My name is tester/s,
    },
    { body: 'Please remember that tea is at four.', reply: /memory file.*message 2 of/s },
  ],
  longTurn: `Say this: ${'word '.repeat(60)}`,
  afterResume: { body: 'What do you remember?', reply: /tea is at four.*message 3 of/s },
}))

describeProvider('chat on an OpenAI-compatible endpoint', async () => {
  const server = await startModelServer()
  const endpoint = { endpoint: 'openai', askTools: false }
  return {
    provider: chatProvider,
    spec: { model: 'scripted-model', options: endpoint },
    upstreams: { openai: { url: server.url } },
    isAccepting: true,
    turns: [
      { body: 'are you there?', reply: /^echo: are you there\?$/ },
      {
        body: '[[tool:run_command {"argv":["echo","from a program"]}]] run it',
        reply: /from a program\n\[exit code 0\]/,
      },
    ],
    afterResume: { body: '[[say:still here]]', reply: /^still here$/ },
    asking: {
      spec: { model: 'scripted-model', options: { endpoint: 'openai' } },
      body: (file) => `[[tool:run_command {"argv":["touch",${JSON.stringify(file)}]}]][[say:done]]`,
    },
    longTurn: '[[slow:30]]',
    waitingTurn: (file) =>
      `[[bash:until [ -e '${file}' ]; do sleep 0.05; done; sleep 1]] then go on`,
    reloading: {
      change: { model: 'other-model', persona: 'You bark.', trigger: 'there' },
      isSeen: () => {
        const { body } = server.requests.at(-1) ?? {}
        const [system] = (body?.['messages'] ?? []) as { content: string }[]
        return body?.['model'] === 'other-model' && system?.content.includes('You bark.') === true
      },
    },
    close: () => server.close(),
  }
})
