import { beforeEach, expect, test } from 'vitest'
import { Config } from '../schema/config.ts'
import { Admission } from './admission.ts'

let freed: string[]
beforeEach(() => {
  freed = []
})

function create(limits: Record<string, number>): Admission {
  // Nothing of this machine matters here.
  const none = { freeBytes: 0, memoryPressure: 100, cpuPressure: 100 }
  return new Admission({
    limits: Config.parse({ admission: { ...none, ...limits } }).admission,
    onFree: (agentId) => freed.push(agentId),
  })
}

test('so many start at once; others wait in order and are told when there is room', () => {
  const admission = create({ starts: 2 })
  for (const id of ['a', 'b']) {
    expect(admission.look(id, false, null)).toBeNull()
    admission.begin(id, false)
  }
  for (const id of ['c', 'd']) {
    expect(admission.look(id, false, null)).toMatchObject({
      gate: 'admission',
      cause: '2 of 2 starts are under way',
    })
    admission.wait(id, 'admission')
  }
  admission.up('a', true)
  expect(freed).toEqual(['c'])
  expect(admission.look('d', false, null)).not.toBeNull()
  expect(admission.look('newcomer', false, null)).not.toBeNull()
  expect(admission.look('c', false, null)).toBeNull()
  admission.begin('c', false)
  admission.end('b')
  expect(freed).toEqual(['c', 'd'])
  admission.close()
})

test('ephemeral agents queue behind one another and hold up nobody else', () => {
  const admission = create({ starts: 10, ephemeral: 1 })
  admission.begin('one', true)
  admission.up('one', true)
  expect(admission.look('two', true, null)).toMatchObject({ gate: 'queue', mostMs: null })
  admission.wait('two', 'queue')
  expect(admission.look('three', true, null)).toMatchObject({ gate: 'queue' })
  admission.wait('three', 'queue')
  expect(admission.look('other', false, null)).toBeNull()
  admission.end('one')
  expect(freed).toEqual(['two'])
  expect(admission.look('three', true, null)).not.toBeNull()
  expect(admission.look('two', true, null)).toBeNull()
  admission.close()
})

test('who is at the head of the queue and waits for the machine keeps its place', () => {
  const admission = create({ starts: 1, ephemeral: 2 })
  admission.begin('other', false)
  admission.begin('one', true)
  admission.up('one', true)
  admission.wait('two', 'queue')
  admission.wait('three', 'queue')
  expect(admission.look('two', true, null)).toMatchObject({ gate: 'admission' })
  admission.wait('two', 'admission')
  // Not behind `three` now, which stands in the queue.
  expect(admission.look('two', true, null)).toMatchObject({ gate: 'admission' })
  expect(admission.look('three', true, null)).toMatchObject({ gate: 'queue' })
  admission.end('other')
  expect(admission.look('two', true, null)).toBeNull()
  admission.close()
})

test('who leaves gives up its place, and a start that came to nothing its room', () => {
  const admission = create({ starts: 1 })
  admission.begin('lost', false)
  admission.wait('gone', 'admission')
  admission.wait('next', 'admission')
  admission.leave('gone')
  admission.sweep((agentId) => agentId !== 'lost')
  expect(freed).toEqual(['next'])
  expect(admission.look('next', false, null)).toBeNull()
  admission.close()
})
