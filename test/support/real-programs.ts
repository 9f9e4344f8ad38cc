import { test } from 'vitest'
import { findProgram } from '../../src/util/find-program.ts'

/** What `scripts/test-outside.mjs` brings, by the variable it tells its path in. */
const variables = {
  claude: 'DROVER_TEST_CLAUDE',
  codex: 'DROVER_TEST_CODEX',
  opencode: 'DROVER_TEST_OPENCODE',
  gemini: 'DROVER_TEST_GEMINI',
  'node-floor': 'DROVER_TEST_NODE_FLOOR',
  systemd: 'DROVER_TEST_SYSTEMD',
} as const

export type RealProgram = keyof typeof variables

/** Path of a real program, or of an image; null when it could not be had here. */
export function realProgram(name: RealProgram): string | null {
  return process.env[variables[name]] || null
}

/** Whether a program is on PATH. */
export function hasProgram(name: string): boolean {
  return findProgram(name, { searchPath: process.env['PATH'] ?? '', folder: '/' }) !== null
}

/**
 * `test` where a feature is there. Where it is not, the test is skipped with one line, or fails when
 * REQUIRE names the feature or is `all`. `all` does not mean what only another machine could have.
 */
export function requireOrSkip(
  feature: string,
  isThere: boolean,
  { isOfMachine = false }: { isOfMachine?: boolean } = {},
): typeof test | typeof test.skip {
  if (isThere || isRequired(feature, isOfMachine)) {
    return test
  }
  console.log(`skipped: no ${feature} here; REQUIRE=${feature} makes that a failure`)
  return test.skip
}

function isRequired(feature: string, isOfMachine: boolean): boolean {
  const required = (process.env['REQUIRE'] ?? '').split(',')
  return required.includes(feature) || (!isOfMachine && required.includes('all'))
}
