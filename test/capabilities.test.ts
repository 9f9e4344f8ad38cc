import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { listProviders } from '../src/daemon-root.ts'
import { plainTable, withCapabilityTable } from './support/capability-table.ts'

const document = readFileSync(path.join(import.meta.dirname, '..', 'docs', 'providers.md'), 'utf8')
const providers = listProviders()

describe('docs/providers.md', () => {
  test('says what the providers say that they can; `npm run capabilities` writes it', () => {
    expect(plainTable(document)).toBe(plainTable(withCapabilityTable(document, providers)))
  })

  test.for(providers.map((provider) => [provider.name, provider] as const))(
    'has a section on %s',
    ([name]) => {
      expect(document).toMatch(new RegExp(`^## ${name}$`, 'm'))
    },
  )
})

test.for(
  providers
    .filter((each) => each.login !== undefined)
    .map((provider) => [provider.name, provider] as const),
)(
  'of %s, which can be asked whether it is logged in, it is said how to log in',
  ([, { loginHint }]) => {
    expect(loginHint).toMatch(/^[A-Z].*\.$/)
  },
)
