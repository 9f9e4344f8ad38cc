import { fileURLToPath } from 'node:url'
import type { Network } from '../../src/schema/network.ts'
import { startTestDaemon, type TestDaemon, type TestDaemonOptions } from './daemon.ts'
import { EnvironmentProgram } from './environment-program.ts'
import { rawRequest, type RawAnswer } from './raw-request.ts'
import { waitFor } from './wait-for.ts'

/** A daemon whose runtime keeps network policies. */
export async function startWalledDaemon(options: TestDaemonOptions = {}): Promise<TestDaemon> {
  const main = fileURLToPath(new URL('../fixtures/walled-daemon.ts', import.meta.url))
  return await startTestDaemon({ ...options, main })
}

/** Starts an agent with this policy; what its program was given. */
export async function startWalled(
  { client }: TestDaemon,
  name: string,
  network: Network,
): Promise<AgentEnvironment> {
  using program = new EnvironmentProgram('/bin/cat')
  const request = { template: 'command', name, network, program: [program.path], graceMs: 100 }
  await client.run(request, { waitSeconds: 30 })
  await waitFor('its environment', () => program.read()['DROVER_AGENT'] === name)
  return new AgentEnvironment(program.read())
}

/** What a test does in an agent's stead, by its environment. */
export class AgentEnvironment {
  readonly env: Readonly<Record<string, string>>

  constructor(env: Readonly<Record<string, string>>) {
    this.env = env
  }

  /** Where the door is. */
  get door(): { host: string; port: number } {
    const { hostname, port } = new URL(this.env['DROVER_URL'] ?? '')
    return { host: hostname, port: Number(port) }
  }

  get credentials(): string {
    const { username, password } = new URL(this.env['HTTP_PROXY'] ?? '')
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  }

  /** Asks for a host, by the proxy. */
  async proxied(url: string, credentials = this.credentials): Promise<RawAnswer> {
    const headers = { 'proxy-authorization': credentials }
    return await rawRequest({ ...this.door, path: url, headers })
  }

  /** Asks Drover's API, by the door. */
  async api(
    path: string,
    {
      method = 'GET',
      token = this.env['DROVER_TOKEN'],
      body = '',
    }: { method?: string; token?: string | null | undefined; body?: string } = {},
  ): Promise<RawAnswer> {
    const headers = token === null ? {} : { authorization: `Bearer ${token ?? ''}` }
    return await rawRequest({ ...this.door, path, method, headers }, body)
  }
}
