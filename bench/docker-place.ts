import { request } from 'node:http'
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

/** One call of the engine's API without a body, with nothing of ours in between. */
export async function callEngine(engine: DockerEngine, path: string): Promise<void> {
  const socketPath = engine.host.replace('unix://', '')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  request({ socketPath, path, method: 'POST' }, (answer) => {
    answer.resume().once('end', resolve)
  })
    .once('error', reject)
    .end()
  await promise
}
