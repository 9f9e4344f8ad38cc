import { chmodSync, existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import type { Approval } from '../../src/schema/approval.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const claude = realProgram('claude')
const debian = process.env['DROVER_TEST_SYSTEMD'] ?? ''
const testInContainer = requireOrSkip('claude', claude !== null && canRunDocker && debian !== '')
const up = { waitSeconds: 90 }

/** The engine of the test has no network, so the model is inside, and at a port that is known before. */
const port = 4711
const modelScript = `
  import net from 'node:net'
  import { startModelServer } from ${JSON.stringify(path.resolve('src/testing/index.ts'))}
  const { url } = await startModelServer()
  const server = net.createServer((client) => {
    const model = net.connect(new URL(url).port, '127.0.0.1')
    client.pipe(model).pipe(client)
    client.on('error', () => model.destroy())
    model.on('error', () => client.destroy())
  })
  server.listen(${port}, '127.0.0.1', () => console.log('ready'))
`

/** It goes on when the daemon dies, and ends with the container. */
async function startModel(client: Client): Promise<void> {
  const argv = ['node', '--input-type=module', '-e', modelScript]
  const program = await client.boxes.exec('c', { argv })
  let isReady = false
  void (async () => {
    for await (const event of program) {
      isReady ||= event.type === 'stdout'
    }
  })().catch(() => undefined)
  await waitFor('the model', () => isReady)
}

testInContainer(
  'Claude Code at a terminal in a container answers, asks a person, and goes on for the next daemon',
  { timeout: 240_000 },
  async () => {
    await using engine = await DockerEngine.start()
    await engine.run(['import', debian, 'drover-test'])
    await using daemon = await startTestDaemon({
      env: { DOCKER_HOST: engine.host },
      config: { gateway: { upstreams: { anthropic: { url: `http://127.0.0.1:${port}` } } } },
    })
    const { client } = daemon
    const dir = createTemporaryFolder()
    chmodSync(dir, 0o777)
    const programs = { claude: claude ?? '', node: process.execPath }
    const mounts = Object.entries(programs).map(([name, file]) => ({
      source: realpathSync(file),
      target: `/usr/local/bin/${name}`,
      isReadOnly: true,
    }))
    await client.run(
      {
        template: 'claude',
        name: 'c',
        dir,
        container: { image: 'drover-test', terminal: true, mounts },
        options: { permissionMode: 'default' },
      },
      up,
    )
    await startModel(client)
    const first = await client.send('c', { body: 'my word is heron' }, up)
    expect(first).toMatchObject({ state: 'done', reply: 'echo: my word is heron' })

    const second = await client.send('c', { body: `[[bash:touch ${path.join(dir, 'made')}]]` })
    let question: Approval | undefined
    await waitFor('a question', async () => {
      ;[question] = await client.approvals.list({ state: 'open' })
      return question !== undefined
    })
    await daemon.restart()
    await client.approvals.approve(question?.id ?? '')
    expect(await client.message(second.id, up)).toMatchObject({ state: 'done' })
    expect(existsSync(path.join(dir, 'made'))).toBe(true)
    expect((await client.screen('c')).text).toContain('heron')
  },
)
