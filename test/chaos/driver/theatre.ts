import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startModelServer } from '../../../src/testing/index.ts'
import { resolveHome, type Home } from '../../../src/util/home.ts'
import { sendSignal } from '../../../src/util/process-identity.ts'
import { canMount, mountSmallDisk } from '../../support/small-disk.ts'
import { isRefusal } from './acts/letters.ts'
import type { ContainerHouse } from './container-house.ts'
import { findProcesses, Observer } from './evidence.ts'
import { Follower } from './follower.ts'
import { Keeper } from './keeper.ts'
import { quickConfig } from './quick-config.ts'
import type { Tally } from './report.ts'
import { findTmux } from './runtimes.ts'
import type { Stage } from './stage.ts'
import type { Story } from './story.ts'
import { createWorld, hadFullDisk } from './world.ts'

/** Large enough for what a play says, small enough to fill at once. */
const diskBytes = 64 * 1024 * 1024

/** Everything that a play is played in. It leaves no process and no mount behind. */
export interface Theatre extends AsyncDisposable {
  home: Home
  keeper: Keeper
  stage: Stage
  observer: Observer
  follower: Follower
  /** The home's own disk; null where it is on the machine's. */
  disk: ReturnType<typeof mountSmallDisk> | null
  /** Sets the daemons' clock beside the system's, ms. */
  setClock(offsetMs: number): void
  /** Keeps what is on the small disk. */
  keepHome(): void
}

export interface TheatreOptions {
  story: Story
  folder: string
  tally: Tally
  signal: AbortSignal
  /** Where its containers are to be; null where no agent is in one. */
  house: ContainerHouse | null
}

/** Opens it: an empty home, a scripted model, agents to be; no daemon yet. */
export async function openTheatre({
  story,
  folder,
  tally,
  signal,
  house,
}: TheatreOptions): Promise<Theatre> {
  const disk = story.isOnSmallDisk && canMount ? mountSmallDisk(diskBytes) : null
  const home = resolveHome({ DROVER_HOME: disk?.path ?? path.join(folder, 'home') })
  mkdirSync(home.folder, { recursive: true })
  // Each JSON document is a YAML document.
  writeFileSync(home.configFile, JSON.stringify(quickConfig))
  const model = await startModelServer()
  const world = createWorld(folder, story.agents)
  const clockFile = path.join(folder, 'clock')
  const setClock = (offsetMs: number): void => {
    writeFileSync(`${clockFile}.next`, String(offsetMs))
    renameSync(`${clockFile}.next`, clockFile)
  }
  setClock(0)
  const mayFail = (bornAt: number): boolean => world.fullUntil >= bornAt
  const env: Record<string, string> = house ? { DOCKER_HOST: house.door.host } : {}
  const keeper = new Keeper({ home, clockFile, env, tally, mayFail, signal })
  const { client } = keeper
  const follower = new Follower()
  const ask: Stage['ask'] = async (request) => await keeper.ask(request)
  const stage: Stage = {
    world,
    home,
    client,
    tally,
    signal,
    ask,
    insist: async (request) => await insist(ask, request, world),
    instance: () => keeper.instance,
    house,
    modelUrl: model.url,
  }
  return {
    home,
    keeper,
    stage,
    observer: new Observer(home, client, house),
    follower,
    disk,
    setClock,
    keepHome: () => disk && cpSync(disk.path, path.join(folder, 'home'), { recursive: true }),
    async [Symbol.asyncDispose]() {
      await follower.close().catch(() => undefined)
      client.close()
      await keeper.end('SIGKILL')
      if (keeper.instance !== null) {
        await clearHouse(house, keeper.instance)
        await endAll(home, keeper.instance)
      }
      await model.close()
      disk?.[Symbol.dispose]()
    },
  }
}

/** On a full disk a request is made again until there is room; without an engine, until there is one. */
async function insist<T>(
  ask: Stage['ask'],
  request: () => Promise<T>,
  world: Stage['world'],
): Promise<T> {
  for (;;) {
    try {
      return await ask(request)
    } catch (error) {
      const isFull = hadFullDisk(world) && isRefusal(error, 'disk_full')
      const isWithoutEngine = world.hadOutage && isRefusal(error, 'runtime_unavailable')
      if (!isFull && !isWithoutEngine) {
        throw error
      }
      await sleep(50)
    }
  }
}

/** A play that was broken off may have left a blow on its way. */
async function clearHouse(house: ContainerHouse | null, instance: string): Promise<void> {
  await house?.alone(async () => await house.clear(instance))
}

/** Whatever carries the home's mark, and its tmux, each by its pid. */
async function endAll(home: Home, instance: string): Promise<void> {
  for (let left = 100; left > 0; left--) {
    const marked = (await findProcesses(instance)).map(({ pid }) => pid)
    const pids = [...marked, ...findTmux(home).all]
    pids.forEach((pid) => sendSignal(pid, 'SIGKILL'))
    if (pids.length === 0) {
      return
    }
    await sleep(20)
  }
}
