import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Engine } from '../../src/runtimes/docker/engine/engine.ts'
import { canRunDocker } from '../support/docker-engine.ts'
import { smallImageTar } from '../support/docker-images.ts'
import { EngineStage } from '../support/engine-stage.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const test = requireOrSkip('docker', canRunDocker)

let stage: EngineStage
let engine: Engine
let signal: AbortSignal

beforeAll(async () => {
  if (canRunDocker) {
    stage = await EngineStage.start()
    ;({ engine, signal } = stage)
  }
})
afterAll(async () => await stage?.[Symbol.asyncDispose]())

const forever = ['sleep', 'infinity']

describe('a container', () => {
  test('is made, started twice, told of, killed twice and removed twice', async () => {
    const id = await stage.runContainer('life', forever, {
      Labels: { 'drover.agent': 'a1' },
      Env: ['A=b c'],
      User: '1000:1000',
      WorkingDir: '/tmp',
    })
    await engine.startContainer(id, signal)
    const running = await engine.inspectContainer('life', signal)
    expect(running).toMatchObject({
      id,
      name: 'life',
      labels: { 'drover.agent': 'a1' },
      imageId: (await engine.inspectImage(stage.image, signal))?.id,
      isRunning: true,
      isPaused: false,
      pid: expect.any(Number),
      startedAt: expect.stringMatching(/^20/),
      finishedAt: null,
      exitCode: null,
      user: '1000:1000',
      workingDir: '/tmp',
      isTty: false,
      error: null,
    })
    expect(running?.env).toContain('A=b c')
    expect(await engine.top(id, signal)).toEqual([
      { pid: running?.pid, command: forever.join(' ') },
    ])
    const listed = await engine.listContainers(['drover.agent=a1'], signal)
    expect(listed).toEqual([expect.objectContaining({ id, name: 'life', state: 'running' })])

    await engine.killContainer(id, 'KILL', signal)
    await ended(id)
    await engine.killContainer(id, 'KILL', signal)
    expect(await engine.inspectContainer(id, signal)).toMatchObject({ exitCode: 137, pid: null })
    expect(await engine.listContainers(['drover.agent=a1'], signal)).toEqual([])
    expect(await engine.listContainers(['drover.agent'], signal, { all: true })).toHaveLength(1)

    await engine.removeContainer(id, signal)
    await engine.removeContainer(id, signal)
    await engine.killContainer(id, 'TERM', signal)
    expect(await engine.inspectContainer(id, signal)).toBeNull()
  })

  test('has another start with each life', async () => {
    const id = await stage.runContainer('lives', ['sh', '-c', 'exit 3'])
    await ended(id)
    const first = await engine.inspectContainer(id, signal)
    await engine.startContainer(id, signal)
    await ended(id)
    const second = await engine.inspectContainer(id, signal)
    expect(first?.exitCode).toBe(3)
    expect(second?.startedAt).not.toBe(first?.startedAt)
  })

  test('is paused and let go on, each as often as one likes', async () => {
    const id = await stage.runContainer('pause', forever)
    await engine.pauseContainer(id, signal)
    await engine.pauseContainer(id, signal)
    expect(await engine.inspectContainer(id, signal)).toMatchObject({
      isRunning: true,
      isPaused: true,
    })
    await engine.unpauseContainer(id, signal)
    await engine.unpauseContainer(id, signal)
    expect(await engine.inspectContainer(id, signal)).toMatchObject({ isPaused: false })
    await engine.killContainer(id, 'KILL', signal)
    await ended(id)
    await expect(engine.pauseContainer(id, signal)).rejects.toThrow('is not running')
  })

  test('can be killed while it is paused', async () => {
    const id = await stage.runContainer('paused-kill', forever)
    await engine.pauseContainer(id, signal)
    await engine.killContainer(id, 'KILL', signal)
    await ended(id)
    await engine.removeContainer(id, signal)
  })

  test('tells what it uses, and gets other limits while it runs', async () => {
    const HostConfig = { Memory: 64 * 1024 * 1024 }
    const busy = ['sh', '-c', 'while :; do :; done']
    const id = await stage.runContainer('stats', busy, { HostConfig })
    const first = await engine.stats(id, signal)
    expect(first).toMatchObject({ memoryLimitBytes: 64 * 1024 * 1024, cpuPercent: null })
    expect(first.memoryBytes).toBeGreaterThan(0)
    expect(first.pids).toBe(1)
    await waitFor('some work', async () => {
      return ((await engine.stats(id, signal)).cpuPercent ?? 0) > 1
    })
    const memoryBytes = 96 * 1024 * 1024
    await engine.updateContainer(id, { memoryBytes, memorySwapBytes: -1, pids: 50 }, signal)
    expect((await engine.stats(id, signal)).memoryLimitBytes).toBe(memoryBytes)
    await engine.removeContainer(id, signal)
  })

  test('that wants too much memory is told as ended for that', async () => {
    const HostConfig = { Memory: 16 * 1024 * 1024, MemorySwap: 16 * 1024 * 1024 }
    const greedy = ['sh', '-c', 'x=$(yes 0123456789 | head -c 200000000)']
    const id = await stage.runContainer('greedy', ['bash', ...greedy.slice(1)], { HostConfig })
    await ended(id)
    expect(await engine.inspectContainer(id, signal)).toMatchObject({ isOomKilled: true })
  })

  test('gives files out and takes them in', async () => {
    const id = await stage.runContainer('files', forever)
    using folder = temporaryFolder()
    writeFileSync(path.join(folder.path, 'note'), 'from outside')
    await engine.putArchive(id, '/tmp', tarOf(folder.path), signal)
    const got = await engine.getArchive(id, '/tmp/note', signal)
    expect(got?.stat).toMatchObject({ name: 'note', sizeBytes: 12, linkTarget: null })
    expect((await buffer(got!.tar)).toString()).toContain('from outside')
    expect(await engine.statArchive(id, '/bin', signal)).toMatchObject({ linkTarget: '/usr/bin' })
    expect(await engine.getArchive(id, '/tmp/none', signal)).toBeNull()
    expect(await engine.statArchive(id, '/tmp/none', signal)).toBeNull()
  })

  test('without the folder refuses much that is sent to it', async () => {
    const id = await stage.runContainer('no-folder', forever)
    const sending = engine.putArchive(id, '/none', createReadStream(await smallImageTar()), signal)
    await expect(sending).rejects.toMatchObject({ details: { status: 404 } })
  })

  test('sees folders of this machine that are mounted', async () => {
    using folder = temporaryFolder()
    mkdirSync(path.join(folder.path, 'in'))
    const Mounts = [{ Type: 'bind', Source: folder.path, Target: folder.path } as const]
    const write = ['sh', '-c', 'echo here > "$0/in/file"', folder.path]
    const id = await stage.runContainer('mounts', write, { HostConfig: { Mounts } })
    await ended(id)
    expect(readFileSync(path.join(folder.path, 'in/file'), 'utf8')).toBe('here\n')
    expect((await engine.inspectContainer(id, signal))?.mounts).toEqual([
      { source: folder.path, target: folder.path, isReadOnly: false },
    ])
    expect(engine.facts.isLocal).toBe(true)
  })

  test('is refused with a code that says why', async () => {
    const create = async (name: string, image: string, argv: string[]) =>
      await engine.createContainer(
        name,
        { Image: image, Cmd: argv, HostConfig: { NetworkMode: 'none' } },
        signal,
      )
    const id = await create('twice', stage.image, ['nothere'])
    await expect(create('twice', stage.image, ['true'])).rejects.toMatchObject({
      code: 'name_taken',
    })
    await expect(create('other', 'none:1', ['true'])).rejects.toMatchObject({
      code: 'image_not_found',
    })
    await expect(engine.startContainer(id, signal)).rejects.toMatchObject({
      code: 'program_not_found',
    })
    await expect(engine.startContainer('none', signal)).rejects.toMatchObject({
      code: 'container_not_found',
    })
    const failed = await engine.inspectContainer(id, signal)
    expect(failed?.error).toContain('executable file not found')
  })
})

describe('a program run in a container', () => {
  let id: string
  beforeAll(async () => {
    if (canRunDocker) {
      id = await stage.runContainer('exec', forever)
    }
  })

  const run = async (argv: readonly string[]) => await engine.exec(id, { argv }, signal)

  test('has its input, output, complaints, environment, user, folder and code', async () => {
    const script = 'read line; echo "$line $E $(id -u) $PWD"; echo bad >&2; cat; exit 7'
    const exec = await engine.exec(
      id,
      { argv: ['sh', '-c', script], env: { E: 'a=b' }, user: '1000', cwd: '/tmp' },
      signal,
    )
    exec.stdin.end('one\ntwo\n')
    expect(await Promise.all([text(exec.stdout), text(exec.stderr)])).toEqual([
      'one a=b 1000 /tmp\ntwo\n',
      'bad\n',
    ])
    expect(await exec.exitCode(signal)).toBe(7)
  })

  test('answers after the end of its input', async () => {
    const exec = await run(['sh', '-c', 'wc -c; echo after'])
    const sent = Buffer.alloc(30_000_000, 'x')
    exec.stdin.end(sent)
    exec.stderr.resume()
    expect(await text(exec.stdout)).toBe(`${sent.length}\nafter\n`)
  })

  test('has a terminal of the size it is given, then another', async () => {
    // Old engines set the size a moment after the program is up.
    const argv = ['sh', '-c', 'read x; stty size; read x; stty size; tty']
    const size = { cols: 101, rows: 31 }
    const exec = await engine.exec(id, { argv, isTty: true, size }, signal)
    let said = ''
    exec.stdout.setEncoding('utf8').on('data', (piece: string) => (said += piece))
    exec.stdin.write('\n')
    await waitFor('the first size', () => said.includes('31 101\r\n'))
    await exec.resize({ cols: 77, rows: 11 }, signal)
    exec.stdin.write('\n')
    await once(exec.stdout, 'end')
    expect(said).toMatch(/11 77\r\n\/dev\/pts\/\d+/)
    await exec.resize({ cols: 80, rows: 24 }, signal)
    expect(await exec.exitCode(signal)).toBe(0)
  })

  test('says a hundred megabytes in little memory, to a reader that is slow', async () => {
    const exec = await run(['sh', '-c', 'yes 0123456789 | head -c 100000000'])
    exec.stderr.resume()
    let bytes = 0
    let most = 0
    for await (const piece of exec.stdout as AsyncIterable<Buffer>) {
      bytes += piece.length
      most = Math.max(most, process.memoryUsage().arrayBuffers)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(bytes).toBe(100_000_000)
    expect(most).toBeLessThan(64 * 1024 * 1024)
    expect(await exec.exitCode(signal)).toBe(0)
  })

  test('that nobody reads waits, and loses nothing', async () => {
    const exec = await run(['sh', '-c', 'head -c 3000000 /dev/zero; echo done > /tmp/wrote'])
    exec.stderr.resume()
    const check = await run(['sh', '-c', 'cat /tmp/wrote; true'])
    check.stderr.resume()
    expect(await text(check.stdout)).toBe('')
    expect((await buffer(exec.stdout)).length).toBe(3_000_000)
    expect(await exec.exitCode(signal)).toBe(0)
  })

  test('that is not there says so, with 126 or 127', async () => {
    const exec = await run(['nothere']).catch((error: unknown) => error as Error)
    if (exec instanceof Error) {
      expect(exec).toMatchObject({ code: 'program_not_found' })
    } else {
      const said = await Promise.all([text(exec.stdout), text(exec.stderr)])
      expect(said.join('')).toContain('executable file not found')
      expect([126, 127]).toContain(await exec.exitCode(signal))
    }
  })

  test('goes on when it is let go', async () => {
    const exec = await run(['sh', '-c', 'echo up; exec sleep infinity'])
    await once(exec.stdout, 'data')
    const before = await engine.inspectExec(exec.id, signal)
    exec.close()
    expect(before).toMatchObject({ isRunning: true, exitCode: null, pid: expect.any(Number) })
    expect(await engine.inspectExec(exec.id, signal)).toEqual(before)
    expect(await engine.inspectExec('0'.repeat(64), signal)).toBeNull()
  })

  test('is let go by its signal, and its readers are told', async () => {
    const stop = new AbortController()
    const exec = await engine.exec(id, { argv: ['sleep', '1000'] }, stop.signal)
    stop.abort(new Error('enough'))
    await expect(text(exec.stdout)).rejects.toThrow('enough')
    exec.stdin.write('nobody is there')
    exec.stdin.end()
  })

  test('is refused in a container that does not run, or is not there', async () => {
    const argv = ['true']
    const still = await stage.runContainer('still', argv)
    await ended(still)
    await expect(engine.exec(still, { argv }, signal)).rejects.toMatchObject({
      code: 'engine_refused',
    })
    await expect(engine.exec('none', { argv }, signal)).rejects.toMatchObject({
      code: 'container_not_found',
    })
  })
})

describe('an image', () => {
  test('is imported, named, told of, listed and removed', async () => {
    const changes = ['CMD ["/bin/sh"]', 'ENV A=b', 'USER ada', 'LABEL drover.x=1']
    const tar = createReadStream(await smallImageTar())
    const id = await engine.importImage(tar, { tag: 'imported:1', changes }, signal)
    await engine.tagImage('imported:1', 'localhost:5000/deep/name:2', signal)
    expect(await engine.inspectImage('localhost:5000/deep/name:2', signal)).toMatchObject({
      id,
      tags: ['imported:1', 'localhost:5000/deep/name:2'],
      architecture: engine.facts.architecture,
      os: 'linux',
      cmd: ['/bin/sh'],
      user: 'ada',
      labels: { 'drover.x': '1' },
    })
    expect(await engine.listImages(['drover.x=1'], signal)).toHaveLength(1)
    await engine.removeImage('localhost:5000/deep/name:2', signal)
    await engine.removeImage('imported:1', signal)
    await engine.removeImage('imported:1', signal)
    expect(await engine.inspectImage('imported:1', signal)).toBeNull()
  })

  test('is built, and what the build says is told', async () => {
    using folder = temporaryFolder()
    const lines = [`FROM ${stage.image}`, 'ARG WHAT', 'ENV WHAT=$WHAT', 'COPY note /note']
    writeFileSync(path.join(folder.path, 'Dockerfile.own'), lines.join('\n'))
    writeFileSync(path.join(folder.path, 'note'), 'n')
    const said: string[] = []
    const options = {
      tag: 'built:1',
      dockerfile: 'Dockerfile.own',
      args: { WHAT: 'x y' },
      labels: { 'drover.b': '1' },
    }
    const id = await engine.buildImage(
      tarOf(folder.path),
      options,
      (progress) => said.push(progress.text),
      signal,
    )
    expect(await engine.inspectImage('built:1', signal)).toMatchObject({
      id,
      labels: { 'drover.b': '1' },
    })
    expect((await engine.inspectImage(id, signal))?.env).toContain('WHAT=x y')
    expect(said.join('\n')).toContain('COPY note /note')
  })

  test('whose build fails says how', async () => {
    using folder = temporaryFolder()
    writeFileSync(path.join(folder.path, 'Dockerfile'), `FROM ${stage.image}\nCOPY none /none\n`)
    const building = engine.buildImage(tarOf(folder.path), { tag: 'b:2' }, () => {}, signal)
    await expect(building).rejects.toThrow(/COPY failed.*none/)
  })

  test('from a registry that can not be reached is told as that', async () => {
    const pulling = engine.pullImage('127.0.0.1:1/none:1', () => {}, signal)
    await expect(pulling).rejects.toMatchObject({ code: 'registry_unreachable' })
  })
})

describe('a volume', () => {
  test('is made twice, listed and removed twice', async () => {
    const made = await engine.createVolume('vol', { 'drover.v': '1' }, signal)
    expect(await engine.createVolume('vol', { 'drover.v': '1' }, signal)).toEqual(made)
    expect(await engine.listVolumes(['drover.v'], signal)).toEqual([made])
    await engine.removeVolume('vol', signal)
    await engine.removeVolume('vol', signal)
    expect(await engine.listVolumes(['drover.v'], signal)).toEqual([])
  })
})

/** A tar of what is in a folder. */
function tarOf(folder: string): Readable {
  const { stdout } = spawn('tar', ['-C', folder, '-c', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // What nobody reads by the end of its program is thrown away.
  return stdout.pipe(new PassThrough())
}

async function ended(id: string): Promise<void> {
  await waitFor('the container to end', async () => {
    return (await engine.inspectContainer(id, signal))?.isRunning === false
  })
}
