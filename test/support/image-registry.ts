import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { packTar } from '../../src/runtimes/docker/tar/pack-tar.ts'

export interface RegistryImage {
  /** What its one file says. */
  text: string
  /** As engines call it: `amd64`. */
  architecture: string
}

/** Source: the distribution specification, as far as a pull goes. */
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json'

/**
 * A registry on loopback, which engines ask without TLS, with images of one file each, `/told`. A name
 * that it does not have it knows nothing of.
 */
export class ImageRegistry implements AsyncDisposable {
  readonly #server: Server
  readonly #answers = new Map<string, { type: string; body: Buffer }>()

  private constructor() {
    this.#server = createServer(({ url = '', method }, response) => {
      const found =
        url === '/v2/'
          ? { type: 'application/json', body: Buffer.from('{}') }
          : this.#answers.get(url)
      if (!found) {
        response.writeHead(404, { 'content-type': 'application/json' })
        response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
        return
      }
      response.writeHead(200, {
        'content-type': found.type,
        'content-length': found.body.length,
        'docker-content-digest': digestOf(found.body),
        'docker-distribution-api-version': 'registry/2.0',
      })
      response.end(method === 'HEAD' ? undefined : found.body)
    })
  }

  static async start(): Promise<ImageRegistry> {
    const registry = new ImageRegistry()
    registry.#server.listen(0, '127.0.0.1')
    await once(registry.#server, 'listening')
    return registry
  }

  /** Has an image from now on; the name that it is pulled by. */
  async add(name: string, { text, architecture }: RegistryImage): Promise<string> {
    const tar = await buffer(packTar([{ kind: 'text', name: 'told', mode: 0o644, text }]))
    const layer = gzipSync(tar)
    const rootfs = { type: 'layers', diff_ids: [digestOf(tar)] }
    const config = Buffer.from(JSON.stringify({ architecture, os: 'linux', config: {}, rootfs }))
    const part = (mediaType: string, body: Buffer): object => {
      this.#answers.set(`/v2/${name}/blobs/${digestOf(body)}`, { type: mediaType, body })
      return { mediaType, size: body.length, digest: digestOf(body) }
    }
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: part('application/vnd.docker.container.image.v1+json', config),
        layers: [part('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)],
      }),
    )
    for (const reference of ['1', digestOf(manifest)]) {
      this.#answers.set(`/v2/${name}/manifests/${reference}`, {
        type: manifestType,
        body: manifest,
      })
    }
    return this.nameOf(name)
  }

  nameOf(name: string): string {
    const { port } = this.#server.address() as AddressInfo
    return `127.0.0.1:${port}/${name}:1`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function digestOf(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`
}
