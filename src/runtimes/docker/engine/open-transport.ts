import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import path from 'node:path'
import { inspect } from 'node:util'
import type DockerModem from 'docker-modem'
import { DroverError } from '../../../schema/error.ts'
import { formatAddress, type Address, type TlsFolder } from './address.ts'
import { sshAgent } from './ssh-agent.ts'
import { Transport } from './transport.ts'

type Environment = Readonly<Record<string, string | undefined>>
type ModemOptions = DockerModem.ConstructorOptions & { [key: string]: unknown }

/**
 * Loads the modem and makes a transport; nothing is connected yet. Each request has a connection of
 * its own: an engine that was started again never gets one on a connection to the one before.
 */
export async function openTransport(address: Address, env: Environment): Promise<Transport> {
  const options = await modemOptions(address, env)
  const { default: Modem } = await import('docker-modem')
  // The modem takes from the environment what it is not told.
  const nothing = { socketPath: undefined, host: undefined, port: undefined, timeout: undefined }
  const keys = { ca: undefined, cert: undefined, key: undefined, username: undefined }
  hide(options.agent)
  const modem = new Modem({ ...nothing, ...keys, pathPrefix: '/', ...options } as object)
  return new Transport({ modem, address: formatAddress(address) })
}

/**
 * The modem describes each request for its log, which nobody reads, with all that the agent holds:
 * a hundred calls at once took seconds.
 */
function hide(agent: object | undefined): void {
  Object.assign(agent ?? {}, { [inspect.custom]: () => 'Agent' })
}

async function modemOptions(address: Address, env: Environment): Promise<ModemOptions> {
  if (address.kind === 'unix') {
    return { protocol: 'http', socketPath: address.path, agent: new HttpAgent() }
  }
  if (address.kind === 'ssh') {
    return { protocol: 'http', host: 'http://localhost', agent: sshAgent(address, env) }
  }
  const { host, port, tls } = address
  const name = host.includes(':') ? `[${host}]` : host
  if (tls === null) {
    return { protocol: 'http', host: `http://${name}`, port, agent: new HttpAgent() }
  }
  const { isVerified } = tls
  const agent = new HttpsAgent({ rejectUnauthorized: isVerified })
  return { protocol: 'https', host: `https://${name}`, port, agent, ...(await readKeys(tls)) }
}

async function readKeys({ folder }: TlsFolder): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const read = (name: string): Promise<Buffer> => readFile(path.join(folder, name))
  try {
    const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map(read))
    return { ca: ca!, cert: cert!, key: key! }
  } catch (cause) {
    const text = `DOCKER_CERT_PATH: the keys for the engine can't be read: ${(cause as Error).message}.`
    throw new DroverError('invalid_config', text, { cause })
  }
}
