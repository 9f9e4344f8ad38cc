import { expect, test } from 'vitest'
import { hasTrigger } from './trigger.ts'

test.each([
  ['rex', 'Rex, come here', true],
  ['rex', 'good boy REX', true],
  ['rex', 'T-Rexes are gone', false],
  ['rex', 'andrex', false],
  ['@bot', 'hey @bot: run', true],
  ['!go', 'go', false],
  ['a.b', 'axb', false],
  ['Zoë', 'frag zoë bitte', true],
  ['Zoë', 'Zoëlla', false],
])('trigger %j in %j is %s', (trigger, text, expected) => {
  expect(hasTrigger(text, trigger)).toBe(expected)
})
