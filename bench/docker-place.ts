import { canRunDocker, DockerEngine } from '../test/support/docker-engine.ts'
import { importBaseImage } from '../test/support/docker-images.ts'

/** An engine of the bench's own, with an image that has a shell. */
export interface DockerPlace extends AsyncDisposable {
  engine: DockerEngine
  image: string
}

export const noEngine = 'it takes root and dockerd (apt-get install docker.io)'

/** Null where there can be none. */
export async function startEngine(): Promise<DockerPlace | null> {
  if (!canRunDocker) {
    return null
  }
  const engine = await DockerEngine.start()
  const image = await importBaseImage(engine)
  return { engine, image, [Symbol.asyncDispose]: async () => await engine[Symbol.asyncDispose]() }
}
