import { stat, readFile } from 'node:fs/promises'
import os from 'node:os'
import { DroverError } from '../../../schema/error.ts'
import { findAddresses, formatAddress, type Address } from './address.ts'
import { readFacts, type EngineFacts } from './facts.ts'
import { Logins } from './logins.ts'
import { openTransport } from './open-transport.ts'
import type { Transport } from './transport.ts'

export interface ConnectOptions {
  env: Readonly<Record<string, string | undefined>>
  /** How long each engine has for each answer, ms. Default 10 s: one that takes longer is of no use. */
  deadlineMs?: number
  signal: AbortSignal
}

export interface Connection {
  transport: Transport
  logins: Logins
  facts: EngineFacts
}

/** A place without an engine, and why. */
interface Failure {
  address: Address
  error: DroverError
  /** Nothing is there at all. */
  isAbsent: boolean
}

/**
 * The first engine that answers. Errors: `engine_unreachable`, which says where it was looked for;
 * `engine_denied`, `engine_unfit`, `invalid_config`.
 */
export async function connectEngine(options: ConnectOptions): Promise<Connection> {
  const { env, signal } = options
  const home = env['HOME'] || os.homedir()
  const addresses = await findAddresses({ env, home, uid: process.getuid?.() ?? 0 })
  const failures: Failure[] = []
  for (const address of addresses) {
    try {
      return { ...(await tryAddress(address, options)), logins: new Logins({ env, home }) }
    } catch (error) {
      signal.throwIfAborted()
      failures.push(await explainFailure(address, error))
    }
  }
  throw sumUp(failures)
}

async function tryAddress(
  address: Address,
  { env, deadlineMs = 10_000, signal }: ConnectOptions,
): Promise<Omit<Connection, 'logins'>> {
  if (address.kind === 'unix') {
    await stat(address.path)
  }
  const transport = await openTransport(address, env)
  return { transport, facts: await readFacts(transport, address, { deadlineMs, signal }) }
}

async function explainFailure(address: Address, error: unknown): Promise<Failure> {
  const code = systemCode(error)
  const isAbsent = address.kind === 'unix' && (code === 'ENOENT' || code === 'ENOTDIR')
  if (address.kind === 'unix' && (code === 'EACCES' || code === 'EPERM')) {
    return { address, error: await explainDenial(address.path), isAbsent }
  }
  if (error instanceof DroverError) {
    return { address, error, isAbsent }
  }
  const text = `${formatAddress(address)} can't be used: ${(error as Error).message}.`
  return { address, error: new DroverError('engine_unreachable', text, { cause: error }), isAbsent }
}

/** Who may: the socket's group, by its name. */
async function explainDenial(socket: string): Promise<DroverError> {
  const user = userName()
  const group = await groupOf(socket)
  const way = group
    ? `\`sudo usermod -aG ${group} ${user}\` and a new login let it (whoever may speak to this engine is as good as root), or set up a rootless engine`
    : 'set up a rootless engine, or name another one with DOCKER_HOST'
  return new DroverError(
    'engine_denied',
    `The user ${user} may not speak to the engine at unix://${socket}: ${way}.`,
  )
}

/** By its number where it has no name, as in a container. */
function userName(): string {
  try {
    return os.userInfo().username
  } catch {
    return String(process.getuid?.())
  }
}

/** The group that a socket belongs to; null where it can't be seen, or is root's own. */
async function groupOf(socket: string): Promise<string | null> {
  try {
    const { gid } = await stat(socket)
    const lines = (await readFile('/etc/group', 'utf8')).split('\n').map((line) => line.split(':'))
    return gid === 0 ? null : (lines.find((fields) => Number(fields[2]) === gid)?.[0] ?? null)
  } catch {
    return null
  }
}

/** What is told of all of it: an engine that is there and can't be used says more than those that are not. */
function sumUp(failures: readonly Failure[]): DroverError {
  const [first, ...rest] = failures.filter(({ isAbsent }) => !isAbsent)
  if (first && rest.length === 0) {
    return first.error
  }
  const tried = failures.map(({ address }) => `${formatAddress(address)} (${address.from})`)
  const why = [first, ...rest].flatMap((failure) => failure?.error.message ?? [])
  return new DroverError(
    'engine_unreachable',
    [`No container engine was found at ${tried.join(', ')}.`, ...why].join(' '),
    { details: { tried } },
  )
}

/** The system's own code of an error, or of what caused it. */
function systemCode(error: unknown): string | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as { code?: unknown }
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) {
      return code
    }
  }
  return null
}
