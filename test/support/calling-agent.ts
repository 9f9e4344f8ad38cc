import { chownSync, cpSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Network } from '../../src/schema/network.ts'
import type { TestDaemon } from './daemon.ts'
import { readEvents, saidIn } from './events.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { waitFor } from './wait-for.ts'

const fixture = fileURLToPath(new URL('../fixtures/calling-agent.mjs', import.meta.url))

/** Who is not root, inside and outside. */
const nobody = 1000

/** An agent in a container that does what it is told, as a user who is not root. */
export class CallingAgent implements Disposable {
  readonly name: string
  readonly #daemon: TestDaemon
  readonly #folder = temporaryFolder()

  constructor(daemon: TestDaemon, name: string) {
    this.#daemon = daemon
    this.name = name
    cpSync(fixture, path.join(this.#folder.path, 'agent.mjs'))
    chownSync(this.#folder.path, nobody, nobody)
  }

  /** Starts it with this policy; a connection that is not answered is given up soon. */
  async start(image: string, network: Network): Promise<void> {
    await this.#daemon.client.run(
      {
        template: 'command',
        name: this.name,
        program: ['node', 'agent.mjs'],
        dir: this.#folder.path,
        runtime: 'docker',
        container: { image },
        network,
        env: { TEST_CONNECT_MS: '700' },
        graceMs: 100,
      },
      { waitSeconds: 60 },
    )
  }

  /** Has it do something; what came of it. */
  async does(what: string): Promise<string> {
    const { client } = this.#daemon
    const { lastSeq } = await client.status()
    await client.send(this.name, { body: what })
    const said = async (): Promise<string> =>
      saidIn(await readEvents(client, { since: lastSeq, agent: this.name }))
    await waitFor(what, async () => (await said()).includes(' => '), 30_000)
    return (await said()).split(' => ')[1]?.trim() ?? ''
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }
}
