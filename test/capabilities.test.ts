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
    'has a section on %s, and knows no others',
    ([name]) => {
      expect(document).toMatch(new RegExp(`^## ${name}$`, 'm'))
    },
  )
})

describe('what the suite of providers has shown on this machine', () => {
  const records = globSync('*.json', { cwd: provenFolder }).map(
    (file) => JSON.parse(readFileSync(path.join(provenFolder, file), 'utf8')) as Proven,
  )

  test.for(records.map((record) => [record.suite, record] as const))(
    '%s: all that it claims, with a version that it says it was tried with',
    ([, { provider: name, proven, failed, version }]) => {
      const provider = providers.find((each) => each.name === name)
      // Cases of the suite's own, and providers that are gone, claim nothing.
      if (!provider) {
        return
      }
      expect(failed).toEqual([])
      const claimed = abilities.filter((ability) => canDo(provider, ability))
      expect(proven.filter((ability) => !claimed.includes(ability))).toEqual([])
      expect(provider.tested ? versionWarning(version, provider.tested) : null).toBeNull()
    },
  )
})
