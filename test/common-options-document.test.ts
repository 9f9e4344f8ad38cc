import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { acpProvider } from '../src/providers/acp/index.ts'
import { chatProvider } from '../src/providers/chat/index.ts'
import { claudeProvider } from '../src/providers/claude/index.ts'
import { codexProvider } from '../src/providers/codex/index.ts'
import { commandProvider } from '../src/providers/command/index.ts'
import type { OptionField, Provider } from '../src/providers/contract.ts'
import { geminiProvider } from '../src/providers/gemini/index.ts'
import { ndjsonProvider } from '../src/providers/ndjson/index.ts'
import { opencodeProvider } from '../src/providers/opencode/index.ts'

const providers: readonly Provider[] = [
  acpProvider,
  chatProvider,
  claudeProvider,
  codexProvider,
  commandProvider,
  geminiProvider,
  ndjsonProvider,
  opencodeProvider,
]

const document = readFileSync(new URL('../docs/providers.md', import.meta.url), 'utf8')

/** Who can, as the document's row of an option says. */
function named(option: string): string[] {
  const row = document.split('\n').find((line) => line.startsWith(`| \`${option}`))
  return [...(row?.split('|')[2] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name ?? '')
}

test.for<[string, OptionField]>([
  ['--effort', 'effort'],
  ['--profile', 'profile'],
  ['--add-dir', 'addDirs'],
  ['--arg', 'args'],
])('the document says who honours %s', ([option, field]) => {
  const able = providers.filter(({ honours = [] }) => honours.includes(field))
  expect(named(option)).toEqual(able.map(({ name }) => name))
})

test('the document says who can tell which session is the latest', () => {
  const able = providers.filter((each) => each.findSession && each.name !== 'chat')
  expect(named('--continue')).toEqual(able.map(({ name }) => name))
})
