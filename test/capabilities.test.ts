import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { listProviders } from '../src/daemon-root.ts'
import { versionWarning } from '../src/core/version-range.ts'
import { provenFolder, type Proven } from './contract/record-proven.ts'
import { abilities, canDo, plainTable, withCapabilityTable } from './support/capability-table.ts'

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

describe('what the suite of providers has shown on this machine', () => {
  const records = globSync('*.json', { cwd: provenFolder }).map(
    (file) => JSON.parse(readFileSync(path.join(provenFolder, file), 'utf8')) as Proven,
  )
  const shown = providers.filter(({ name }) => records.some((record) => record.provider === name))

  test.for(shown.map((provider) => [provider.name, provider] as const))(
    '%s: all that it claims, with a version that it says it was tried with',
    ([name, provider]) => {
      const claimed = abilities.filter((ability) => canDo(provider, ability))
      // What was shown of another claim says nothing of this one: the suite has yet to run.
      const own = records.filter(
        (record) => record.provider === name && record.claimed.join() === claimed.join(),
      )
      if (own.length === 0) {
        return
      }
      expect(own.flatMap(({ failed }) => failed)).toEqual([])
      const proven = new Set(own.flatMap((record) => record.proven))
      expect(claimed.filter((ability) => !proven.has(ability))).toEqual([])
      for (const { version } of own) {
        expect(provider.tested ? versionWarning(version, provider.tested) : null).toBeNull()
      }
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
