import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeStrokes } from '../../src/core/strokes.ts'
import type { Handle, Launch, RunReference } from '../../src/runtimes/contract.ts'
import { createRunFolder, readExit, runFiles } from '../../src/runtimes/run-folder.ts'
import { TmuxRuntime } from '../../src/runtimes/tmux/index.ts'
import { probeTmux } from '../../src/runtimes/tmux/probe.ts'
import { createId } from '../../src/util/id.ts'
import { waitUntil } from '../../src/util/wait.ts'

const deadlineMs = 30_000

/** What a daemon of its own process does: it starts a run or comes to one, says so, and waits. */
const daemonScript = (work: string): string => `
  import { TmuxRuntime } from ${JSON.stringify(path.resolve('src/runtimes/tmux/index.ts'))}
  const signal = AbortSignal.timeout(60_000)
  const [socket, given] = process.argv.slice(1)
  const runtime = new TmuxRuntime({ socket })
  const { launch, run, handle } = JSON.parse(given)
  ${work}
  setInterval(() => undefined, 1000)
`

describe("a home's tmux server", () => {
  let folder: string
  let socket: string
  let runtime: TmuxRuntime
  let signal: AbortSignal
  const runs: RunReference[] = []
  const daemons: ChildProcess[] = []

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'drover-tmux-server-'))
    socket = path.join(folder, 'tmux.sock')
    runtime = new TmuxRuntime({ socket })
    signal = AbortSignal.timeout(60_000)
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    daemons.splice(0).forEach((daemon) => daemon.kill('SIGKILL'))
    for (const run of runs.splice(0)) {
      await runtime.destroy(run, null, signal)
    }
    rmSync(folder, { recursive: true, force: true })
  })

  const launchOf = (script: string, env: Record<string, string> = {}): Launch => {
    const id = createId('run')
    const run = { id, instance: 'home_tmux', folder: path.join(folder, id) }
    createRunFolder(run.folder)
    runs.push(run)
    return {
      run,
      argv: ['/bin/sh', '-c', script],
      env: { PATH: '/usr/bin:/bin', ...env },
      cwd: '/',
      terminal: { cols: 80, rows: 24 },
    }
  }
  const until = async (
    what: string,
    condition: () => boolean | Promise<boolean>,
  ): Promise<void> => {
    expect(await waitUntil(condition, { deadlineMs }), what).toBe(true)
  }
  const heard = async (run: RunReference, text: string): Promise<void> =>
    await until(text, () => readFileSync(runFiles(run.folder).out, 'utf8').includes(text))
  const tmux = (...words: string[]): string =>
    execFileSync('tmux', ['-S', socket, ...words], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString()
  /** Starts a daemon of its own process; resolves with what it says first. */
  const startDaemon = async (work: string, given: object): Promise<[ChildProcess, string]> => {
    const daemon = spawn(
      process.execPath,
      ['--input-type=module', '-e', daemonScript(work), socket, JSON.stringify(given)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    daemons.push(daemon)
    const [line] = (await once(daemon.stdout, 'data')) as [Buffer]
    return [daemon, line.toString()]
  }
  const kill = async (daemon: ChildProcess): Promise<void> => {
    daemon.kill('SIGKILL')
    await once(daemon, 'exit')
  }

  test('is there for as long as a run is', async () => {
    expect(await runtime.list('home_tmux', signal)).toEqual([])
    expect(existsSync(socket)).toBe(false)
    const one = launchOf('exec cat')
    const other = launchOf('exec cat')
    await runtime.start(one, signal)
    await runtime.start(other, signal)
    const pid = tmux('display-message', '-p', '#{pid}').trim()
    await runtime.destroy(one.run, null, signal)
    expect(tmux('list-sessions', '-F', '#{session_name}')).toContain(other.run.id)
    await runtime.destroy(other.run, null, signal)
    await until('the server to be gone', () => !existsSync(`/proc/${pid}`))
  })

  test('goes on with its runs when a daemon dies, and the next one types on', async () => {
    const launch = launchOf('stty -echo; echo ready; exec cat')
    const early = encodeStrokes([
      { stroke: 'pause', ms: 500 },
      { stroke: 'keys', text: 'typed by nobody\r' },
    ])
    writeFileSync(runFiles(launch.run.folder).in, early)
    const [daemon, line] = await startDaemon(
      'console.log(JSON.stringify(await runtime.start(launch, signal)))',
      { launch },
    )
    await kill(daemon)
    const handle = JSON.parse(line) as Handle
    await heard(launch.run, 'typed by nobody\r\n')
    expect(await runtime.recover(launch.run, handle, signal)).toEqual({ state: 'running', handle })
    expect(await runtime.recover(launch.run, null, signal)).toEqual({ state: 'running', handle })
    await runtime.stop(launch.run, handle, { askMs: 20_000, graceMs: 1000, signal })
    expect(readExit(launch.run.folder)).toEqual({ code: 0, signal: null })
  })

  test(
    'outlives a daemon that did not read all of its answers, and so do its runs',
    { repeats: 3 },
    async () => {
      const launch = launchOf('exec cat')
      const serverModule = JSON.stringify(path.resolve('src/runtimes/tmux/server.ts'))
      const [daemon, line] = await startDaemon(
        `const { TmuxServer } = await import(${serverModule})
      const started = await runtime.start(launch, signal)
      const server = new TmuxServer(socket)
      await server.sessions(signal)
      for (let asked = 0; asked < 500; asked++) {
        void server.ask([['show-options', '-g']], signal)
      }
      console.log(JSON.stringify(started))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`,
        { launch },
      )
      const handle = JSON.parse(line) as Handle
      const pid = tmux('display-message', '-p', '#{pid}')
      await kill(daemon)
      await until('its clients to be gone', () => tmux('list-clients').trim() === '')
      expect(tmux('display-message', '-p', '#{pid}')).toBe(pid)
      expect(await runtime.recover(launch.run, handle, signal)).toEqual({
        state: 'running',
        handle,
      })
    },
  )

  test('keeps no onlooker of a daemon that died, however far behind: the program is not held up', async () => {
    const launch = launchOf(
      'echo ready; head -n 1 >/dev/null; yes "$(printf %0200d 0)" | head -c 30000000; stty size; exec sleep 1000',
    )
    const handle = await runtime.start(launch, signal)
    await heard(launch.run, 'ready')
    const [daemon] = await startDaemon(
      `const onlooker = await runtime.openTerminal(run, handle, {
        size: { cols: 20, rows: 5 }, isReadOnly: false, signal,
        onEvent: () => { onlooker.pause(); onlooker.write(Buffer.from('\\r')); console.log('here') },
      })`,
      { run: launch.run, handle },
    )
    const clients = (): string[] =>
      tmux('list-clients', '-F', '#{client_session}').trim().split('\n')
    expect(clients()).toContain(launch.run.id)
    await kill(daemon)
    await heard(launch.run, '5 20\r\n')
    await until('its client to be gone', () => !clients().includes(launch.run.id))
  })

  test('has no value of an environment on a command line, nor keeps one in its messages', async () => {
    const secret = `secret-${createId('run')}`
    const launch = launchOf('echo "$KEY"; exec cat', { KEY: secret, SHELL: `/${secret}` })
    await runtime.start(launch, signal)
    await heard(launch.run, secret)
    const lines = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        } catch {
          return ''
        }
      })
    expect(lines.some((line) => line.includes(launch.run.id))).toBe(true)
    expect(lines.filter((line) => line.includes(secret))).toEqual([])
    expect(tmux('show-messages')).not.toContain(secret)
  })

  test("takes nothing from the daemon's own environment, a tmux that it runs in least of all", async () => {
    vi.stubEnv('TMUX', '/nowhere/default,1,0')
    vi.stubEnv('TMUX_PANE', '%7')
    vi.stubEnv('TMUX_TMPDIR', '/nowhere')
    vi.stubEnv('TERM', 'no-such-terminal')
    vi.stubEnv('OF_THE_DAEMON', 'yes')
    const launch = launchOf('env; echo over; exec cat')
    await runtime.start(launch, signal)
    await heard(launch.run, 'over')
    const said = readFileSync(runFiles(launch.run.folder).out, 'utf8')
    expect(said).not.toMatch(/^(?:TMUX\w*|OF_THE_DAEMON)=/m)
    expect(said).not.toContain('no-such-terminal')
    expect(tmux('show-environment', '-g')).not.toContain('OF_THE_DAEMON')
  })

  test('is nothing that a program can find', async () => {
    const launch = launchOf('tmux list-sessions; echo "code $?"; exec cat', { TMUX_TMPDIR: folder })
    await runtime.start(launch, signal)
    await heard(launch.run, 'code 1')
  })

  test('is not asked for each run that is looked at', async () => {
    const handles = await Promise.all(
      Array.from({ length: 10 }, async () => await runtime.start(launchOf('exec cat'), signal)),
    )
    // Numbers of tmux's replies count the commands that it did.
    const count = (): number => {
      const script = 'sleep 0.5 | tmux -S "$1" -C list-sessions'
      const said = execFileSync('/bin/sh', ['-c', script, 'sh', socket]).toString()
      return Number(/%begin \d+ (\d+)/.exec(said)?.[1])
    }
    const between = async (look: () => Promise<unknown>): Promise<number> => {
      const before = count()
      await look()
      return count() - before
    }
    const nothing = await between(async () => undefined)
    const all = await between(
      async () => await Promise.all(handles.map((handle) => runtime.inspect(handle, signal))),
    )
    expect(all - nothing).toBeLessThan(5)
  })

  test('is looked for where a socket can be, however deep the home', async () => {
    const launch = launchOf('echo here; exec cat')
    const deep = new TmuxRuntime({ socket: path.join(folder, 'a folder', "with 'quotes' #{x}") })
    await deep.start(launch, signal)
    await heard(launch.run, 'here')
    await deep.destroy(launch.run, null, signal)
  })

  test('is started in no folder where others could put a socket', async () => {
    chmodSync(folder, 0o777)
    const launch = launchOf('exec cat')
    await expect(runtime.start(launch, signal)).rejects.toMatchObject({
      code: 'runtime_unavailable',
    })
    expect(readdirSync(folder)).not.toContain('tmux.sock')
    chmodSync(folder, 0o700)
  })

  test.for([
    ['tmux 3.1c', false],
    ['tmux 2.9', false],
    ['tmux 3.2', true],
    ['tmux 10.0', true],
    ['tmux next-3.6', true],
    ['tmux master', true],
  ] as const)('can be %s: %s', async ([version, usable]) => {
    const program = path.join(folder, 'tmux')
    writeFileSync(program, `#!/bin/sh\necho '${version}'\n`)
    chmodSync(program, 0o755)
    const found = await probeTmux(program, signal)
    expect(found.usable).toBe(usable)
    expect(found.detail).toContain(version)
    expect(found.hint === null).toBe(usable)
  })

  test('can not be where there is no tmux, or none that can be run; there is a way out', async () => {
    const hint = expect.stringMatching(/install tmux/) as string
    expect(await probeTmux(null, signal)).toMatchObject({ usable: false, hint })
    const broken = path.join(folder, 'tmux')
    writeFileSync(broken, '#!/no/such/program\n')
    chmodSync(broken, 0o755)
    expect(await probeTmux(broken, signal)).toMatchObject({ usable: false, hint })
  })
})
