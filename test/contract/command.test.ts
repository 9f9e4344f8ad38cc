import { commandProvider } from '../../src/providers/command/index.ts'
import { describeProvider } from './describe-provider.ts'

describeProvider('command with a program that answers line by line', async () => ({
  provider: commandProvider,
  spec: { program: ['/bin/sh', '-c', 'while read -r line; do echo "you said: $line"; done'] },
  isAccepting: false,
  turns: [
    { body: 'hello', reply: /^you said: hello$/ },
    { body: 'again', reply: /^you said: again$/ },
  ],
}))

describeProvider('command with a program that answers in several lines', async () => ({
  provider: commandProvider,
  spec: {
    program: [
      'sh',
      '-c',
      'while read -r line; do echo "1 $line"; echo "aside" >&2; echo "2 $line"; done',
    ],
    options: { settleMs: 500 },
  },
  isAccepting: false,
  turns: [
    { body: 'one', reply: /^1 one\n2 one$/ },
    { body: 'two', reply: /^1 two\n2 two$/ },
  ],
}))
