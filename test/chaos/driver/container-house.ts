import { readlinkSync } from 'node:fs'
import path from 'node:path'
import { canRunDocker, DockerEngine, noNetwork } from '../../support/docker-engine.ts'
import { importSmallImage } from '../../support/docker-images.ts'
import { EngineDoor } from '../../support/engine-door.ts'

/** A container of an agent, as the engine itself tells. */
export interface Box {
  id: string
  /** The agent's id. */
  agent: string
  /** The run it was pointed at last; null: none. */
  run: string | null
  isRunning: boolean
}

/** What agents name no image for. */
const usualImage = 'drover-agent'

/**
 * An engine of its own for plays in containers, and the door through which daemons come to it. One
 * serves one play after the other; each has containers of its own, by its instance.
 */
export class ContainerHouse implements AsyncDisposable {
  readonly engine: DockerEngine
  readonly door: EngineDoor
  /** Blows to the engine come one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(engine: DockerEngine, door: EngineDoor) {
    this.engine = engine
    this.door = door
  }

  static readonly isPossible = canRunDocker

  static async open(): Promise<ContainerHouse> {
    const engine = await DockerEngine.start({ args: withLiveRestore })
    try {
      await engine.run(['tag', await importSmallImage(engine), usualImage])
      return new ContainerHouse(engine, await EngineDoor.open(engine.host))
    } catch (error) {
      await engine[Symbol.asyncDispose]()
      throw error
    }
  }

  /** All of a home, running or not. */
  async boxes(instance: string): Promise<Box[]> {
    const format = '{{.ID}}\t{{.State}}\t{{.Label "drover.agent"}}\t{{.Label "drover.box"}}'
    const filter = `label=drover.instance=${instance}`
    const argv = ['ps', '-a', '--no-trunc', '--filter', filter, '--format', format]
    const lines = (await this.engine.run(argv, 60_000)).split('\n').filter(Boolean)
    return lines.map((line) => {
      const [id = '', state, agent = '', folder = ''] = line.split('\t')
      return {
        id,
        agent,
        run: linkedRun(folder),
        isRunning: state !== 'exited' && state !== 'created',
      }
    })
  }

  /** Work on the engine itself, when nobody else is at it. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return await done
  }

  /** As a crash does, after which the next engine ends the containers that were left, or takes them up. */
  async restart(isRestoring: boolean): Promise<void> {
    await this.engine.startAgain(isRestoring ? withLiveRestore : noNetwork)
  }

  /** Ends and removes what is left of a home. */
  async clear(instance: string): Promise<void> {
    const ids = (await this.boxes(instance)).map(({ id }) => id)
    if (ids.length > 0) {
      await this.engine.run(['rm', '-f', '-v', ...ids])
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    await this.door[Symbol.asyncDispose]()
    await this.engine[Symbol.asyncDispose]()
  }
}

const withLiveRestore = [...noNetwork, '--live-restore']

/** The run that a box folder points at; null: none. */
export function linkedRun(folder: string): string | null {
  try {
    return path.basename(readlinkSync(path.join(folder, 'run')))
  } catch {
    return null
  }
}
