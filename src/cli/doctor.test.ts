import { expect, test } from 'vitest'
import type { Usability } from '../schema/reports.ts'
import { createColors } from './colors.ts'
import { formatReport } from './doctor.ts'

const check = (part: Partial<Usability>): Usability => ({
  name: 'claude',
  kind: 'provider',
  usable: true,
  detail: '/usr/bin/claude',
  hint: null,
  ...part,
})

const lines = (checks: readonly Usability[], isTerminal = false): string[] =>
  formatReport(
    { version: '0.1.0', checks: [...checks] },
    { colors: createColors(false), isTerminal },
  )

test('a program is told with version, login and place, each in its column', () => {
  const checks = [
    check({ version: '2.1.329', login: 'yes' }),
    check({
      name: 'codex',
      detail: 'not found',
      usable: false,
      hint: 'Install it.',
      version: null,
      login: 'no',
    }),
    check({ name: 'process', kind: 'runtime', detail: 'processes of this user' }),
  ]
  expect(lines(checks)).toEqual([
    'Drover 0.1.0',
    '',
    'Providers: what runs',
    '  yes claude   2.1.329, logged in, /usr/bin/claude',
    '  no  codex    not found',
    '               → Install it.',
    '',
    'Runtimes: where it runs',
    '  yes process  processes of this user',
  ])
})

test('on a terminal what is below a row begins where the row does', () => {
  const [, , , row, warning, hint] = lines(
    [
      check({
        version: '3.0.0',
        login: 'no',
        warning: '3.0.0 is newer than what was tested (2.1)',
        hint: 'Log in.',
      }),
    ],
    true,
  )
  expect([row, warning, hint]).toEqual([
    '  ✓ claude  3.0.0, not logged in, /usr/bin/claude',
    '            ! 3.0.0 is newer than what was tested (2.1)',
    '            → Log in.',
  ])
})

test('what a daemon of before did not tell is left out', () => {
  expect(lines([check({})]).at(-1)).toBe('  yes claude  /usr/bin/claude')
})
