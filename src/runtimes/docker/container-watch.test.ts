import { describe, expect, test } from 'vitest'
import { ContainerWatch } from './container-watch.ts'

const startedAt = '2026-01-01T00:00:00.5Z'
const handle = { v: 1 as const, container: 'c', startedAt, pid: 1 }
const running = { startedAt, isRunning: true, isPaused: false }

function watchOf(): ContainerWatch {
  const watch = new ContainerWatch()
  watch.up()
  watch.note('c', running, watch.mark('c'))
  return watch
}

describe('what is known of a container', () => {
  test('is what was seen, until something may have become of it', () => {
    const watch = watchOf()
    expect(watch.liveness(handle)).toBe('alive')
    expect(watch.liveness({ ...handle, startedAt: '2025-01-01T00:00:00Z' })).toBe('dead')
    watch.event('c', 'die', Date.parse(startedAt) + 1)
    expect(watch.liveness(handle)).toBeUndefined()
  })

  test('is nothing where no events come, and nothing of before once they come again', () => {
    const watch = watchOf()
    watch.down()
    expect(watch.liveness(handle)).toBeUndefined()
    watch.note('c', running, watch.mark('c'))
    expect(watch.liveness(handle)).toBeUndefined()
    watch.up()
    expect(watch.liveness(handle)).toBeUndefined()
  })

  test('is not what a look told that was overtaken', () => {
    const watch = watchOf()
    const mark = watch.mark('c')
    watch.event('c', 'die', 0)
    watch.note('c', running, mark)
    expect(watch.get('c')).toBeUndefined()
    const before = watch.mark('c')
    watch.down()
    watch.up()
    watch.note('c', running, before)
    expect(watch.get('c')).toBeUndefined()
  })

  test('has a want of memory count for the life it was in', () => {
    const watch = watchOf()
    expect(watch.isOomKilled(handle)).toBe(false)
    watch.event('c', 'oom', Date.parse(startedAt) + 5)
    expect(watch.isOomKilled(handle)).toBe(true)
    expect(watch.isOomKilled({ ...handle, startedAt: '2026-01-02T00:00:00Z' })).toBe(false)
  })

  test('wakes who waits for it, at an event, at the end of events, and by the signal', async () => {
    const watch = watchOf()
    const never = new AbortController().signal
    const event = watch.changed('c', never)
    watch.event('c', 'pause', 0)
    await event
    const end = watch.changed('c', never)
    watch.down()
    await end
    const ending = new AbortController()
    const aborted = watch.changed('c', ending.signal)
    ending.abort()
    await aborted
    await watch.changed('c', AbortSignal.abort())
  })
})
