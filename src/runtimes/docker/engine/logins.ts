import { z } from 'zod'
import { callProgram } from '../../../util/call-program.ts'
import { readDockerConfig, type DockerConfig, type UserPlace } from './docker-config.ts'

/** Who somebody is to a registry, in the words of the engine's API. */
export interface Login {
  username?: string
  password?: string
  identitytoken?: string
  serveraddress: string
}

/** What Docker Hub is called where logins are kept. */
const hub = 'https://index.docker.io/v1/'

const Helped = z.object({ Username: z.string(), Secret: z.string() })

/**
 * The logins that `docker login` made, from its file or from the program that keeps them. They are
 * read anew each time: somebody may log in at any moment. Who is not known is nobody: most images
 * are for everybody.
 */
export class Logins {
  readonly #place: UserPlace

  constructor(place: UserPlace) {
    this.#place = place
  }

  /** Null where the user has none for the registry of this image. */
  async forImage(name: string, signal: AbortSignal): Promise<Login | null> {
    const config = await readDockerConfig(this.#place)
    return await this.#find(config, registryOf(name), signal)
  }

  /** All there are, by registry: nobody knows what a build asks for. */
  async all(signal: AbortSignal): Promise<Record<string, Login>> {
    const config = await readDockerConfig(this.#place)
    const names = new Set([
      ...Object.keys(config.auths ?? {}),
      ...Object.keys(config.credHelpers ?? {}),
    ])
    const found: Record<string, Login> = {}
    for (const name of names) {
      const login = await this.#find(config, name, signal)
      if (login) {
        found[name] = login
      }
    }
    return found
  }

  async #find(config: DockerConfig, registry: string, signal: AbortSignal): Promise<Login | null> {
    const helper = config.credHelpers?.[registry] ?? config.credsStore
    const helped = helper ? await this.#askHelper(helper, registry, signal) : null
    return helped ?? readAuth(config, registry)
  }

  /** A program of the user's own, by the name that they gave it. */
  async #askHelper(helper: string, registry: string, signal: AbortSignal): Promise<Login | null> {
    const { code, stdout } = await callProgram([`docker-credential-${helper}`, 'get'], {
      env: this.#place.env,
      input: registry,
      deadlineMs: helperMs,
      signal,
    })
    const answer = code === 0 ? Helped.safeParse(parseJson(stdout)).data : undefined
    if (!answer) {
      return null
    }
    return answer.Username === '<token>'
      ? { identitytoken: answer.Secret, serveraddress: registry }
      : { username: answer.Username, password: answer.Secret, serveraddress: registry }
  }
}

/** It may ask a keychain, which may ask a person. */
const helperMs = 20_000

/** What the file itself has: `user:password`, in base64. */
function readAuth({ auths }: DockerConfig, registry: string): Login | null {
  const { auth, identitytoken } = auths?.[registry] ?? auths?.[`https://${registry}`] ?? {}
  if (identitytoken) {
    return { identitytoken, serveraddress: registry }
  }
  const [username, ...password] = Buffer.from(auth ?? '', 'base64')
    .toString()
    .split(':')
  return username && password.length > 0
    ? { username, password: password.join(':'), serveraddress: registry }
    : null
}

/** The first part of a name is a registry where it looks like a host. */
export function registryOf(image: string): string {
  const slash = image.indexOf('/')
  const first = slash < 0 ? '' : image.slice(0, slash)
  const isHost = first === 'localhost' || /[.:]/.test(first)
  return isHost && !/^(index\.)?docker\.io$/.test(first) ? first : hub
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
