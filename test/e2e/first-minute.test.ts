import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { identifyProcess } from '../../src/util/process-identity.ts'
import { runDrover } from '../support/cli.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Terminal } from '../support/terminal.ts'
import { waitFor } from '../support/wait-for.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const startScript = path.join(root, 'scripts', 'start.mjs')

/** An empty home on which no Ollama is found, whatever this machine has. */
function prepareHome(folder: string): Record<string, string> {
  writeFileSync(
    path.join(folder, 'config.yaml'),
    'port: 0\ngateway:\n  upstreams:\n    ollama:\n      url: http://127.0.0.1:9\n',
  )
  return { DROVER_HOME: folder, HOME: folder, PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8' }
}

/** Whatever a test that failed left behind is ended with it. */
function endingAll(env: Record<string, string>): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => void (await runDrover(['down', '--agents'], { env })),
  }
}

requireOrSkip('tmux', hasProgram('tmux'))(
  'npm start shows a newcomer a first round, stays up with a live list, and Ctrl-C ends the daemon only',
  async () => {
    using home = temporaryFolder()
    const env = prepareHome(home.path)
    await using _ = endingAll(env)
    await using terminal = await Terminal.open([process.execPath, startScript], { env, cwd: root })
    const screen = await terminal.waitFor('Ctrl-C ends the daemon')
    expect(screen).toMatch(/is ready: http:\/\/127\.0\.0\.1:\d+/)
    expect(screen).toContain('practice model')
    expect(screen).toMatch(/hello is asleep/)
    expect(screen.match(/^ {2}\.\/bin\/drover /gm)).toHaveLength(3)

    const { stdout } = await runDrover(
      ['send', 'hello', 'Are you still here?', '--wait', '--json'],
      { env },
    )
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'done',
      reply: expect.stringContaining('message 2'),
    })
    await terminal.waitFor(/hello +● idle/)

    const { pid } = JSON.parse((await runDrover(['show', 'hello', '--json'], { env })).stdout) as {
      pid: number
    }
    await terminal.press('C-c')
    await waitFor('the daemon to end', async () => (await terminal.exitCode()) !== null)
    expect(await terminal.exitCode()).toBe(0)
    expect(await identifyProcess(pid)).not.toBeNull()

    expect((await runDrover(['up', '--detach', '--json'], { env })).code).toBe(0)
    const again = JSON.parse((await runDrover(['show', 'hello', '--json'], { env })).stdout) as {
      pid: number
      status: string
    }
    expect(again).toMatchObject({ pid, status: 'idle' })
    expect((await runDrover(['down', '--agents'], { env })).code).toBe(0)
    expect(await identifyProcess(pid)).toBeNull()
  },
)

test('npm start -- --detach returns once the daemon takes requests, in plain lines without a terminal', async () => {
  using home = temporaryFolder()
  const env = prepareHome(home.path)
  const started = await runDrover(['--detach'], {
    env,
    program: [process.execPath, startScript],
    cwd: root,
  })
  try {
    expect(started).toMatchObject({ code: 0, stderr: '' })
    expect(started.stdout).not.toContain('\u001b')
    const status = await runDrover(['status', '--json'], { env })
    expect(status.code).toBe(0)
    expect(JSON.parse(status.stdout)).toMatchObject({
      home: home.path,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    })
  } finally {
    expect((await runDrover(['down', '--agents'], { env })).code).toBe(0)
  }
})
