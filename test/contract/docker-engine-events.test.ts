import { describe, expect, onTestFinished } from 'vitest'
import type { EngineEvent, EventFilters } from '../../src/runtimes/docker/engine/events.ts'
import { canRunDocker } from '../support/docker-engine.ts'
import { EngineStage } from '../support/engine-stage.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { waitFor } from '../support/wait-for.ts'

const test = requireOrSkip('docker', canRunDocker)

const forever = ['sleep', 'infinity']

/** Follows the events until the test is over, and keeps what is told in its order. */
function follow(stage: EngineStage, filters: EventFilters) {
  const told: ('up' | 'down' | EngineEvent)[] = []
  const stop = new AbortController()
  const following = stage.engine.follow(
    filters,
    (event) => told.push(event),
    { onUp: () => told.push('up'), onDown: () => told.push('down') },
    stop.signal,
  )
  const end = async (): Promise<void> => {
    stop.abort()
    await following
  }
  onTestFinished(end)
  return {
    told,
    end,
    events: () => told.filter((each) => typeof each === 'object'),
    words: () => told.map((each) => (typeof each === 'string' ? each : each.action)),
  }
}

describe('the events of an engine', () => {
  test('are told as they happen, and no others than were asked for', async () => {
    await using stage = await EngineStage.start()
    const { told, words, events, end } = follow(stage, {
      type: ['container'],
      event: ['start', 'die', 'pause', 'unpause', 'destroy'],
      label: ['drover.x=1'],
    })
    await waitFor('the stream to be open', () => told.includes('up'))
    const Labels = { 'drover.x': '1' }
    await stage.runContainer('other', forever)
    const id = await stage.runContainer('ours', forever, { Labels })
    await stage.engine.pauseContainer(id, stage.signal)
    await stage.engine.unpauseContainer(id, stage.signal)
    await stage.engine.killContainer(id, 'KILL', stage.signal)
    await waitFor('its end', () => words().includes('die'))
    await stage.engine.removeContainer(id, stage.signal)
    await waitFor('its removal', () => words().includes('destroy'))
    expect(words()).toEqual(['up', 'start', 'pause', 'unpause', 'die', 'destroy'])
    expect(new Set(events().map((event) => event.id))).toEqual(new Set([id]))
    expect(events()[3]?.attributes).toMatchObject({
      exitCode: '137',
      name: 'ours',
      'drover.x': '1',
    })
    await end()
    expect(words().at(-1)).toBe('destroy')
  })

  test('are all told, or were there before the stream was told as open', async () => {
    await using stage = await EngineStage.start()
    const { engine, signal } = stage
    const names: string[] = []
    const seen = new Set<string>()
    const over = new AbortController()
    const making = (async () => {
      for (let index = 0; !over.signal.aborted; index += 1) {
        names.push(`v${index}`)
        await engine.createVolume(`v${index}`, {}, signal)
      }
    })()
    for (let round = 0; round < 15; round += 1) {
      const stop = new AbortController()
      seen.clear()
      const snapshot = Promise.withResolvers<void>()
      const look = async (): Promise<void> => {
        const all = await engine.listVolumes([], signal)
        all.forEach(({ name }) => seen.add(name))
        snapshot.resolve()
      }
      const onUp = (): void => void look()
      const onEvent = ({ id }: EngineEvent): unknown => seen.add(id)
      const tell = { onUp, onDown: () => {} }
      const following = engine.follow({ type: ['volume'] }, onEvent, tell, stop.signal)
      await snapshot.promise
      const after = names.length
      await waitFor('more volumes', () => names.length > after + 1 && seen.has(names[after]!))
      expect(names.slice(0, after + 1).filter((name) => !seen.has(name))).toEqual([])
      stop.abort()
      await following
    }
    over.abort()
    await making
  })

  test('are told again after the engine was killed, and between it is known that they are not', async () => {
    await using stage = await EngineStage.start({ args: [...quiet, '--live-restore'] })
    const { engine, signal } = stage
    const id = await stage.runContainer('stays', forever)
    const before = await engine.inspectContainer(id, signal)
    const { told, words } = follow(stage, { type: ['container'], event: ['die', 'start'] })
    await waitFor('the stream to be open', () => told.includes('up'))
    await stage.docker.stop('SIGKILL')
    await waitFor('the loss to be told', () => told.includes('down'))
    await expect(engine.inspectContainer(id, signal)).rejects.toMatchObject({
      code: 'engine_unreachable',
    })
    await stage.docker.startAgain()
    await waitFor('the stream to be open again', () => words().join(' ').endsWith('down up'))
    const after = await engine.inspectContainer(id, signal)
    expect(after).toMatchObject({ isRunning: true, pid: before?.pid, startedAt: before?.startedAt })
    await engine.killContainer(id, 'KILL', signal)
    await waitFor('its end', () => words().includes('die'))
    expect(words()).toEqual(['up', 'down', 'up', 'die'])
  })

  test('of an engine that is not there yet are told once it is', async () => {
    await using stage = await EngineStage.start()
    await stage.docker.stop('SIGTERM')
    const { told } = follow(stage, { type: ['container'] })
    await waitFor('its absence to be told', () => told.includes('down'))
    await stage.docker.startAgain()
    await waitFor('the stream to be open', () => told.includes('up'))
    expect(told).toEqual(['down', 'up'])
  })

  test('a program in a container is let go when the engine is killed, and its readers are told', async () => {
    await using stage = await EngineStage.start({ args: [...quiet, '--live-restore'] })
    const { engine, signal } = stage
    const id = await stage.runContainer('held', forever)
    const exec = await engine.exec(id, { argv: forever }, signal)
    const closed = new Promise((resolve) => exec.stdout.on('close', resolve))
    exec.stdout.resume()
    exec.stderr.resume()
    await stage.docker.stop('SIGKILL')
    await closed
    await expect(exec.exitCode(signal)).rejects.toMatchObject({ code: 'engine_unreachable' })
    await stage.docker.startAgain()
    expect(await exec.exitCode(signal)).toBeNull()
  })
})

const quiet = ['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-masq=false']
