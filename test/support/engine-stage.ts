import { Engine } from '../../src/runtimes/docker/engine/engine.ts'
import type { CreateBody } from '../../src/runtimes/docker/engine/container-body.ts'
import { DockerEngine, type EngineOptions } from './docker-engine.ts'
import { importSmallImage } from './docker-images.ts'

/** A private Docker engine with the small image, and a client of it. */
export class EngineStage implements AsyncDisposable {
  readonly docker: DockerEngine
  readonly engine: Engine
  readonly image: string
  readonly #end = new AbortController()

  private constructor(docker: DockerEngine, engine: Engine, image: string) {
    this.docker = docker
    this.engine = engine
    this.image = image
  }

  static async start(options: EngineOptions = {}): Promise<EngineStage> {
    const docker = await DockerEngine.start(options)
    try {
      const image = await importSmallImage(docker)
      const env = { ...process.env, DOCKER_HOST: docker.host }
      const engine = await Engine.connect({ env, signal: new AbortController().signal })
      return new EngineStage(docker, engine, image)
    } catch (error) {
      await docker[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Aborted when the stage goes. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** The id of a container that runs the command, with no network. */
  async runContainer(
    name: string,
    argv: readonly string[],
    body: Partial<CreateBody> = {},
  ): Promise<string> {
    const { engine, image, signal } = this
    const usual = { Image: image, Entrypoint: [], Cmd: argv }
    const HostConfig = { NetworkMode: 'none', ...body.HostConfig }
    const id = await engine.createContainer(name, { ...usual, ...body, HostConfig }, signal)
    await engine.startContainer(id, signal)
    return id
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.docker[Symbol.asyncDispose]()
  }
}
