import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runOfUnit, unitName } from './unit-name.ts'

const id = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })

test('a unit names one run of one home, and nothing in it is syntax', () => {
  fc.assert(
    fc.property(id, id, id, (instance, run, other) => {
      const name = unitName({ instance, id: run })
      expect(name).toMatch(/^drover-[A-Za-z0-9:_.\\]+-[A-Za-z0-9:_.\\]+\.service$/)
      expect(runOfUnit(name, instance)).toBe(run)
      expect(runOfUnit(name, other) === null).toBe(other !== instance)
    }),
  )
})

test('the ids that Drover makes stand in it as they are', () => {
  expect(unitName({ instance: 'home_01abc', id: 'run_02def' })).toBe(
    'drover-home_01abc-run_02def.service',
  )
})

test('units of others are of no run', () => {
  for (const name of ['drover.service', 'drover-1a2b3c4d.service', 'drover-home_1-run_1.scope']) {
    expect(runOfUnit(name, 'home_1')).toBeNull()
  }
})
