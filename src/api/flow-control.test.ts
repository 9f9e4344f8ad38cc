import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FlowControl } from './flow-control.ts'

describe('what is under way to somebody at a terminal', () => {
  it('goes on as long as it is within the limit', () => {
    const flow = new FlowControl(100)
    expect(flow.sent(60)).toBeNull()
    expect(flow.sent(40)).toBeNull()
  })

  it('pauses once it is beyond, and goes on at half of it', () => {
    const flow = new FlowControl(100)
    expect(flow.sent(300)).toBe('pause')
    expect(flow.acknowledged(249)).toBeNull()
    expect(flow.acknowledged(250)).toBe('resume')
  })

  it('pauses once, however much follows', () => {
    const flow = new FlowControl(100)
    expect([flow.sent(101), flow.sent(1), flow.sent(1)]).toEqual(['pause', null, null])
  })

  it('takes an older word for nothing new', () => {
    const flow = new FlowControl(100)
    flow.sent(160)
    expect(flow.acknowledged(100)).toBeNull()
    expect(flow.acknowledged(20)).toBeNull()
    expect(flow.acknowledged(110)).toBe('resume')
  })

  it('tells who claims to have dealt with more than was sent', () => {
    const flow = new FlowControl(100)
    flow.sent(10)
    expect(flow.acknowledged(11)).toBe('wrong')
  })

  it('is bounded whatever they say, and never stuck once all is dealt with', () => {
    const act = fc.oneof(
      fc.record({ sent: fc.integer({ min: 0, max: 500 }) }),
      fc.record({ acknowledged: fc.double({ min: 0, max: 1, noNaN: true }) }),
    )
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
        const flow = new FlowControl(1000)
        let [sent, done, isPaused] = [0, 0, false]
        for (const each of acts) {
          if ('sent' in each) {
            if (isPaused) {
              continue
            }
            sent += each.sent
            isPaused = flow.sent(each.sent) === 'pause'
          } else {
            const total = Math.floor(sent * each.acknowledged)
            done = Math.max(done, total)
            isPaused &&= flow.acknowledged(total) !== 'resume'
          }
          expect(sent - done).toBeLessThanOrEqual(1500)
        }
        if (isPaused) {
          expect(flow.acknowledged(sent)).toBe('resume')
        }
      }),
    )
  })
})
