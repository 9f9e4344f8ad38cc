import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { waitFor } from '../../test/support/wait-for.ts'
import { Alarms } from './alarms.ts'

test('an alarm rings once, at its last time, and not when it was taken back', async () => {
  const rung: string[] = []
  const alarms = new Alarms((id) => rung.push(id), Date.now)
  alarms.set('a', Date.now() + 3_600_000)
  alarms.set('a', Date.now() + 5)
  alarms.set('b', Date.now() + 5)
  alarms.set('b', null)
  alarms.set('c', Date.now() - 1000)
  await waitFor('both to ring', () => rung.length === 2)
  await sleep(20)
  expect(rung.toSorted()).toEqual(['a', 'c'])
})

test('when the clock is set, all are looked at again; when it is not, none is', () => {
  const rung: string[] = []
  let offset = 0
  const alarms = new Alarms(
    (id) => rung.push(id),
    () => Date.now() + offset,
  )
  alarms.set('a', Date.now() + 3_600_000)
  const settle = (): void => void rung.push('settled')
  alarms.checkClock(settle)
  expect(rung).toEqual([])
  offset = 7_200_000
  alarms.checkClock(settle)
  alarms.checkClock(settle)
  expect(rung).toEqual(['settled', 'a'])
  offset = 0
  alarms.set('b', Date.now() + 3_600_000)
  offset = 7_200_000
  alarms.checkClock(settle)
  expect(rung).toEqual(['settled', 'a', 'settled', 'b'])
  alarms.close()
})

test('a time beyond what a timer can hold does not ring at once', async () => {
  const rung: string[] = []
  const alarms = new Alarms((id) => rung.push(id), Date.now)
  alarms.set('a', Date.now() + 2 ** 40)
  await sleep(20)
  expect(rung).toEqual([])
  alarms.close()
})
