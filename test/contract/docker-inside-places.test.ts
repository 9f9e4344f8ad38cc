import { execFile } from 'node:child_process'
import { cp, mkdir, symlink } from 'node:fs/promises'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importSmallImage } from '../support/docker-images.ts'
import { findProgram } from '../../src/util/find-program.ts'
import { insideStage, runProject } from './inside-case.ts'
import type { RuntimeStage } from './runtime-stage.ts'

let engine: DockerEngine
let image: string
beforeAll(async () => {
  engine = await DockerEngine.start()
  image = await importSmallImage(engine)
  await runProject(engine, { name: 'project', image })
  // It sees nothing of this machine.
  await engine.run(['run', '-d', '--name', 'island', image, 'sleep', '1000000'])
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

const shell = (text: string, ...args: string[]): readonly [string, ...string[]] => [
  '/bin/sh',
  '-c',
  text,
  'sh',
  ...args,
]

/** What a program prints that runs to its end in a container. */
async function saidBy(stage: RuntimeStage, text: string, env = {}): Promise<string> {
  const { run } = await stage.start(shell(text), { env, cwd: '/' })
  expect(await stage.ended(run), readFileSync(runFiles(run.folder).err, 'utf8')).toEqual({
    code: 0,
    signal: null,
  })
  return stage.output(run)
}

/** An image of what is in a folder, with the programs of busybox that are named, or all. */
async function importBusybox(name: string, programs: readonly string[] | null): Promise<void> {
  const busybox = findProgram('busybox', { searchPath: process.env['PATH'] ?? '', folder: '/' })
  const folder = path.join(engine.folder, name)
  for (const each of ['bin', 'etc', 'proc', 'dev', 'sys', 'tmp', 'root']) {
    await mkdir(path.join(folder, each), { recursive: true })
  }
  writeFileSync(path.join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n')
  await cp(busybox ?? '/bin/busybox', path.join(folder, 'bin/busybox'))
  const { stdout } = await promisify(execFile)(busybox ?? 'busybox', ['--list'])
  const all = stdout.split('\n').filter((each) => each !== '' && each !== 'busybox')
  for (const each of programs ?? all) {
    await symlink('busybox', path.join(folder, 'bin', each))
  }
  const tar = path.join(engine.folder, `${name}.tar`)
  await promisify(execFile)('tar', ['--owner=0', '--group=0', '-C', folder, '-cf', tar, '.'])
  await engine.run(['import', tar, name])
}

describe.skipIf(!canRunDocker)('the user of a program inside', () => {
  test("is the container's own unless another is named, with what belongs to each", async () => {
    const says = 'echo "$(id -u):$(id -g) $USER $LOGNAME $HOME"; umask'
    expect(await saidBy(insideStage(engine), says)).toBe('0:0 root root /root\n0022\n')
    const stage = insideStage(engine, { container: { name: 'island', user: 'ada' } })
    expect(await saidBy(stage, says)).toBe('1000:1000 ada ada /home/ada\n0022\n')
  })

  test('has a home of the agent where it has none, and may be unknown there', async () => {
    const stage = insideStage(engine, { container: { name: 'island', user: '4711:4712' } })
    const said = await saidBy(
      stage,
      'id -u; id -g; echo "$HOME"; : >"$HOME/mine"; stat -c %a "$HOME"',
    )
    expect(said).toMatch(/^4711\n4712\n.*-home\n700\n$/)
  })

  test('that the container does not know is an error that says so', async () => {
    const stage = insideStage(engine, { container: { name: 'project', user: 'nobody-here' } })
    await expect(stage.start(['/bin/true'])).rejects.toMatchObject({
      code: 'start_failed',
      message: 'container.user: project knows no user nobody-here.',
    })
  })

  test('who may not come to its folders is an error that says so', async () => {
    const stage = insideStage(engine, { container: { name: 'project', user: 'ada' } })
    await expect(stage.start(['/bin/true'])).rejects.toMatchObject({
      code: 'start_failed',
      message: expect.stringMatching(/^container\.user: the user ada can't write .* in project\./),
    })
  })
})

describe.skipIf(!canRunDocker)('what comes before a program inside', () => {
  test('is the login environment, and the launch wins', async () => {
    const put = 'mkdir -p "${1%/*}"; printf %s "$2" >"$1"'
    const files = {
      '/etc/profile': 'export ONE=profile TWO=profile THREE=profile FOUR=profile\n',
      '/root/.ssh/environment': 'TWO=ssh\nTHREE=ssh\nFOUR=ssh\n',
      '/opt/env': 'THREE=file with spaces\nFOUR=file\nno line\n',
    }
    for (const [file, text] of Object.entries(files)) {
      await engine.run(['exec', 'project', 'sh', '-c', put, 'sh', file, text])
    }
    const stage = insideStage(engine, { container: { name: 'project', envFile: '/opt/env' } })
    const said = await saidBy(stage, 'echo "$ONE $TWO $THREE $FOUR"', { FOUR: 'launch' })
    expect(said).toBe('profile ssh file with spaces launch\n')
    await engine.run(['exec', 'project', 'rm', '/etc/profile', '/root/.ssh/environment'])
  })

  test('is taken from a profile as it stands, and not from one that ends the shell', async () => {
    const write = 'cat >/etc/profile'
    const profile = `umask 027; ONE='a "b" $c
 d'; export ONE; export TWO="it's"; THREE=not-exported; echo noise; echo noise >&2`
    const put = `${write} <<'end'\n${profile}\nend\n`
    await engine.run(['exec', 'project', 'sh', '-c', put])
    const stage = insideStage(engine)
    expect(await saidBy(stage, 'echo "$ONE|$TWO|$THREE"; umask')).toBe(`a "b" $c\n d|it's|\n0027\n`)
    const ending = `${write} <<'end'\nexport ONE=ended; exit 0\nend\n`
    await engine.run(['exec', 'project', 'sh', '-c', ending])
    expect(await saidBy(stage, 'echo "$ONE"')).toBe('\n')
    await engine.run(['exec', 'project', 'rm', '/etc/profile'])
  })

  test('are the files of the launch, byte for byte, and what was in their place is gone', async () => {
    const stage = insideStage(engine)
    const run = stage.prepare()
    const box = stage.case.boxOf?.(run, stage.folder)
    const state = box?.ownFolders[0] ?? ''
    const file = path.join(state, 'deep', 'settings.json')
    const content = `{"a": "\\\\n %s ☃\t'\\""}\n\n  last line without an end`
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, content)
    const launch = {
      run,
      argv: shell('cat "$1"; stat -c %a "$1"', file),
      env: { PATH: '/usr/bin:/bin' },
      cwd: stage.folder,
      box: { ...(box ?? expect.fail()), files: [file] },
    }
    await stage.runtime.start(launch, stage.signal)
    await stage.ended(run)
    expect(stage.output(run)).toBe(`${content}600\n`)
    await stage.runtime.destroy(run, null, stage.signal)
  })
})

describe.skipIf(!canRunDocker)('a container that lacks something', () => {
  test('such as a shell is an error that says so, and nothing is left of the run', async () => {
    await importBusybox('drover-test-shell-less', ['sleep', 'cat'])
    await runProject(engine, { name: 'bare', image: 'drover-test-shell-less' })
    const stage = insideStage(engine, { container: { name: 'bare' } })
    const run = stage.prepare()
    await expect(stage.start(['/bin/cat'], { run })).rejects.toMatchObject({
      code: 'start_failed',
      message: expect.stringMatching(/^container\.name: bare has no \/bin\/sh/),
    })
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
    await engine.run(['rm', '-f', 'bare'])
  })

  test('such as programs is an error that names them', async () => {
    await runProject(engine, { name: 'poor', image })
    await engine.run(['exec', 'poor', 'rm', '/usr/bin/dd', '/usr/bin/mkfifo', '/usr/bin/tr'])
    const stage = insideStage(engine, { container: { name: 'poor' } })
    await expect(stage.start(['/bin/cat'])).rejects.toMatchObject({
      code: 'start_failed',
      message: expect.stringMatching(/^container\.name: poor has no dd, mkfifo, tr, which/),
    })
    await engine.run(['rm', '-f', 'poor'])
  })

  test('such as programs that were there at the last start is an error that names them', async () => {
    await runProject(engine, { name: 'poorer', image })
    const stage = insideStage(engine, { container: { name: 'poorer' } })
    const { run } = await stage.start(['/bin/true'])
    await stage.ended(run)
    await engine.run(['exec', 'poorer', 'rm', '/usr/bin/dd', '/usr/bin/tr'])
    await expect(stage.start(['/bin/cat'])).rejects.toMatchObject({
      code: 'start_failed',
      message: expect.stringMatching(/^container\.name: poorer has no dd, tr, which/),
    })
    await engine.run(['rm', '-f', 'poorer'])
  })

  test('such as a place to write is an error; with a tmpfs there it is none', async () => {
    await engine.run(['run', '-d', '--read-only', '--name', 'fixed', image, 'sleep', '1000000'])
    const stage = insideStage(engine, { container: { name: 'fixed' } })
    await expect(stage.start(['/bin/cat'])).rejects.toMatchObject({
      code: 'start_failed',
      message: expect.stringMatching(/can't be made in fixed: its files can't be changed there\./),
    })
    await engine.run(['rm', '-f', 'fixed'])
    const args = ['--read-only', '--tmpfs', '/tmp']
    await engine.run(['run', '-d', ...args, '--name', 'fixed', image, 'sleep', '1000000'])
    const { run, handle } = await stage.start(stage.case.programs.copy, { cwd: '/' })
    stage.write(run, 'hello\n')
    await stage.said(run, 'hello\n')
    await stage.stop({ run, handle })
    await stage.runtime.destroy(run, handle, stage.signal)
    await engine.run(['rm', '-f', 'fixed'])
  })

  test('that does not run, is paused or is not there is an error that says so', async () => {
    const stage = insideStage(engine, { container: { name: 'nowhere' } })
    await expect(stage.start(['/bin/cat'])).rejects.toMatchObject({ code: 'container_not_found' })
    await engine.run(['create', '--name', 'idle', image, 'sleep', '1'])
    const idle = insideStage(engine, { container: { name: 'idle' } })
    await expect(idle.start(['/bin/cat'])).rejects.toMatchObject({
      message: 'container.name: idle does not run. `docker start idle` lets it go on.',
    })
    await engine.run(['rm', 'idle'])
  })

  test('such as the folder to work in is an error that names dir', async () => {
    const stage = insideStage(engine)
    await expect(stage.start(['/bin/cat'], { cwd: '/not/there' })).rejects.toMatchObject({
      message: 'dir: there is no folder /not/there in project.',
    })
  })
})

describe.skipIf(!canRunDocker)('a container with nothing but busybox', () => {
  test('holds a run like any other', async () => {
    await importBusybox('drover-test-busybox', null)
    await runProject(engine, { name: 'tiny', image: 'drover-test-busybox' })
    const stage = insideStage(engine, { container: { name: 'tiny' } })
    const started = await stage.start(stage.case.programs.copy)
    const big = `${'x'.repeat(300_000)}\n`
    stage.write(started.run, 'one\n')
    stage.write(started.run, big)
    await stage.said(started.run, `one\n${big}`)
    expect(await stage.recover(started.run, null)).toMatchObject({ state: 'running' })
    const deaf = await stage.start(stage.case.programs.family)
    await stage.said(deaf.run, 'ready\n')
    await stage.stop(deaf, { graceMs: 100 })
    expect(await stage.living(deaf.run)).toEqual([])
    await stage.stop(started, { askMs: 20_000 })
    expect(await stage.ended(started.run)).toEqual({ code: 0, signal: null })
    await stage.runtime.destroy(started.run, started.handle, stage.signal)
    await stage.runtime.destroy(deaf.run, deaf.handle, stage.signal)
    const left = await engine.call(['exec', 'tiny', 'ls', path.join(started.run.folder, 'inside')])
    expect(left.code).not.toBe(0)
    await engine.run(['rm', '-f', 'tiny'])
  })
})

describe.skipIf(!canRunDocker)('memory', () => {
  test('that its container has no more of is told as why a program was killed', async () => {
    await runProject(engine, {
      name: 'small',
      image,
      args: ['--memory', '64m', '--memory-swap', '64m'],
    })
    const stage = insideStage(engine, { container: { name: 'small' } })
    const greedy = shell('dd if=/dev/zero of=/dev/null bs=300M count=1; exit 3')
    const { run } = await stage.start([
      '/bin/dd',
      'if=/dev/zero',
      'of=/dev/null',
      'bs=300M',
      'count=1',
    ])
    const exit = await stage.ended(run)
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' })
    await stage.until('a cause', () => stage.runtime.explainExit?.(run, exit) !== null)
    expect(stage.runtime.explainExit?.(run, exit)).toMatch(/^out of memory/)
    const other = await stage.start(greedy)
    expect(await stage.ended(other.run)).toEqual({ code: 3, signal: null })
    await engine.run(['rm', '-f', 'small'])
  })
})
