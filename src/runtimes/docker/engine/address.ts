import { createHash } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import { DroverError } from '../../../schema/error.ts'
import { dockerFolder, readDockerConfig, readJson, type UserPlace } from './docker-config.ts'

/** Where an engine may be. `from` says who named it, for people. */
export type Address = { from: string } & (
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number; tls: TlsFolder | null }
  | { kind: 'ssh'; user: string | null; host: string; port: number | null }
)

/** A folder with `ca.pem`, `cert.pem` and `key.pem`. */
export interface TlsFolder {
  folder: string
  /** The engine must prove who it is. */
  isVerified: boolean
}

export interface PlaceFacts extends UserPlace {
  uid: number
}

/**
 * Where to look, in order. An engine that somebody named is the only one: another that happens to be
 * there would not have their containers. Errors: `invalid_config` for an address that can't be read.
 */
export async function findAddresses(facts: PlaceFacts): Promise<Address[]> {
  const { DOCKER_HOST: host } = facts.env
  if (host) {
    return [parseHost(host, 'DOCKER_HOST', facts)]
  }
  const chosen = await readContext(facts)
  return chosen ? [chosen] : usualPlaces(facts)
}

/** Sockets that Docker and Podman make by themselves, Docker's first. */
function usualPlaces({ env, home, uid }: PlaceFacts): Address[] {
  const runtimeFolder = env['XDG_RUNTIME_DIR'] || `/run/user/${uid}`
  const places: [string, string][] = [
    ['/var/run/docker.sock', 'Docker'],
    [path.join(runtimeFolder, 'docker.sock'), 'rootless Docker'],
    [path.join(home, '.docker', 'run', 'docker.sock'), 'Docker Desktop'],
    ['/run/podman/podman.sock', 'Podman'],
    [path.join(runtimeFolder, 'podman', 'podman.sock'), 'rootless Podman'],
  ]
  return places.map(([socket, from]) => ({ kind: 'unix', path: socket, from }))
}

/** An address as `DOCKER_HOST` has it. Errors: `invalid_config`. */
export function parseHost(host: string, from: string, place: UserPlace): Address {
  const { env } = place
  if (host.startsWith('unix://')) {
    return { kind: 'unix', path: host.slice('unix://'.length) || '/var/run/docker.sock', from }
  }
  // A URL of http would leave its usual port out.
  const isHttps = host.startsWith('https://')
  const named = host.replace(/^https?:\/\//, 'tcp://')
  const url = URL.parse(named.includes('://') ? named : `tcp://${named}`)
  if (url?.hostname && url.protocol === 'ssh:') {
    return {
      kind: 'ssh',
      user: decodeURIComponent(url.username) || null,
      host: url.hostname,
      port: url.port ? Number(url.port) : null,
      from,
    }
  }
  if (url?.hostname && url.protocol === 'tcp:') {
    const isVerified = Boolean(env['DOCKER_TLS_VERIFY'])
    const isTls = isVerified || Boolean(env['DOCKER_TLS']) || isHttps || url.port === '2376'
    const folder = env['DOCKER_CERT_PATH'] || dockerFolder(place)
    return {
      kind: 'tcp',
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port) || (isTls ? 2376 : 2375),
      tls: isTls ? { folder, isVerified: isVerified || !env['DOCKER_TLS'] } : null,
      from,
    }
  }
  throw new DroverError(
    'invalid_config',
    `${from} is "${host}", which is no address of an engine: unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST.`,
  )
}

const ContextMeta = z.object({
  Endpoints: z.object({ docker: z.object({ Host: z.string().optional() }).optional() }),
})

/** The context that `docker context use` chose, where it names a socket; null where none did. */
async function readContext(facts: PlaceFacts): Promise<Address | null> {
  const name = facts.env['DOCKER_CONTEXT'] || (await readDockerConfig(facts)).currentContext
  if (!name || name === 'default') {
    return null
  }
  const id = createHash('sha256').update(name).digest('hex')
  const folder = path.join(dockerFolder(facts), 'contexts', 'meta', id)
  const meta = await readJson(path.join(folder, 'meta.json'), ContextMeta)
  const host = meta?.Endpoints.docker?.Host
  return host?.startsWith('unix://') ? parseHost(host, `the Docker context "${name}"`, facts) : null
}

/** As people and `DOCKER_HOST` write it. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') {
    return `unix://${address.path}`
  }
  if (address.kind === 'tcp') {
    const host = address.host.includes(':') ? `[${address.host}]` : address.host
    return `tcp://${host}:${address.port}`
  }
  const { user, host, port } = address
  return `ssh://${user ? `${user}@` : ''}${host}${port ? `:${port}` : ''}`
}
