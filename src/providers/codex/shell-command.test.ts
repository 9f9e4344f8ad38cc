import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bareCommand } from './shell-command.ts'

test.for([
  ["/bin/bash -lc 'echo hi && uname'", 'echo hi && uname'],
  [`/bin/bash -lc "touch '/a b'"`, "touch '/a b'"],
  [String.raw`/bin/zsh -lc "echo \"\$HOME\" \n"`, String.raw`echo "$HOME" \n`],
  ['/bin/sh -c ls', 'ls'],
  [`bash -lc 'it'"'"'s'`, "it's"],
] as const)('%s is %s', ([wrapped, bare]) => {
  expect(bareCommand(wrapped)).toBe(bare)
})

test.for([
  'git status',
  '/bin/bash script.sh',
  "/bin/bash -lc 'ls' && rm -rf x",
  "/bin/bash -lc 'ls' _ x",
  "/usr/bin/python -c 'print(1)'",
  "/bin/bash -lc 'no end",
  '/bin/bash -lc "one \\\ntwo"',
  '',
])('%s is left as it is', (command) => {
  expect(bareCommand(command)).toBe(command)
})

test('any command comes back out of its quotes, as a shell takes it', () => {
  const single = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
  const text = fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', '$', '\n', '`') })
  fc.assert(
    fc.property(text, (command) => {
      expect(bareCommand(`/bin/bash -lc ${single(command)}`)).toBe(command)
    }),
  )
  const quoted = String.raw`"a \"b\" \\ \$c \d 'e'"`
  const words = execFileSync('/bin/sh', ['-c', `printf %s ${quoted}`], { encoding: 'utf8' })
  expect(bareCommand(`/bin/bash -lc ${quoted}`)).toBe(words)
})
