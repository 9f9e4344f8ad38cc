import { chatProvider } from '../../src/providers/chat/index.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { describeProvider } from './describe-provider.ts'

describeProvider('chat on the practice model', async () => ({
  provider: chatProvider,
  spec: { options: { endpoint: 'practice' } },
  isAccepting: true,
  isUnmeasured: true,
  turns: [
    { body: 'Hello! Who are you?', reply: /practice model.*no AI.*message 1 of/s },
    { body: 'Please remember that tea is at four.', reply: /memory file.*message 2 of/s },
  ],
  afterResume: { body: 'What do you remember?', reply: /tea is at four.*message 3 of/s },
}))

describeProvider('chat on an OpenAI-compatible endpoint', async () => {
  const server = await startModelServer()
  return {
    provider: chatProvider,
    spec: { model: 'scripted-model', options: { endpoint: 'openai' } },
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
    close: () => server.close(),
  }
})
