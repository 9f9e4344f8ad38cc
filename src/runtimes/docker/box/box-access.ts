import path from 'node:path'
import { Readable } from 'node:stream'
import { DroverError } from '../../../schema/error.ts'
import { createId } from '../../../util/id.ts'
import type { BoxAccess, BoxEntry, BoxExec, BoxReference } from '../../box-contract.ts'
import type { Handle } from '../../contract.ts'
import type { ArchiveStat } from '../engine/archives.ts'
import type { ContainerState } from '../engine/container-state.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineLink } from '../engine-link.ts'
import { findOwner } from '../find-owner.ts'
import { parseHandle } from '../handle.ts'
import { findContainer } from '../find-container.ts'
import { ownTar } from '../tar/own-tar.ts'
import { packTar } from '../tar/pack-tar.ts'
import type { TarOwner } from '../tar/tar-header.ts'
import { DockerProgram, execMark } from './docker-program.ts'

/**
 * What can't be begun is then said on stderr, with the exit codes that shells have for it. Engines say
 * it in the program's output.
 */
const enterScript = 'cd "$1" || exit 126; shift; exec "$@"'

/** Bits of Go's `os.FileMode`. */
const modes = { folder: 2 ** 31, anyType: 0x8f280000 }

/** Programs and files in agents' containers. */
export class DockerBoxAccess implements BoxAccess {
  readonly #link: EngineLink

  constructor(link: EngineLink) {
    this.#link = link
  }

  async exec(handle: Handle, request: BoxExec, signal: AbortSignal): Promise<DockerProgram> {
    const { argv, env, cwd, user, terminal } = request
    const { container } = parseHandle(handle)
    const engine = await this.#link.engine(signal)
    const mark = createId('exec')
    const exec = await engine.exec(
      container,
      {
        argv: ['/bin/sh', '-c', enterScript, 'drover', cwd, ...argv],
        cwd: '/',
        env: { ...env, [execMark]: mark },
        ...(user === null ? {} : { user }),
        ...(terminal ? { isTty: true, size: terminal } : {}),
      },
      signal,
    )
    return new DockerProgram({ engine, container, exec, user, mark })
  }

  async stat(box: BoxReference, file: string, signal: AbortSignal): Promise<BoxEntry | null> {
    const { engine, state } = await this.#find(box, signal)
    return await statInside(engine, state.id, file, signal)
  }

  async read(box: BoxReference, file: string, signal: AbortSignal): Promise<Readable | null> {
    const { engine, state } = await this.#find(box, signal)
    const entry = await statInside(engine, state.id, file, signal)
    return entry && ((await engine.getArchive(state.id, entry.path, signal))?.tar ?? null)
  }

  async write(
    box: BoxReference,
    folder: string,
    tar: Readable,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine, state } = await this.#find(box, signal)
    const owned = Readable.from(ownTar(tar, await ownerIn(engine, state, signal)), {
      objectMode: false,
    })
    const failed = Promise.withResolvers<never>()
    failed.promise.catch(() => undefined)
    // An engine that waits for the rest of it would never say what is wrong.
    const giveUp = new AbortController()
    owned.once('error', (error) => {
      failed.reject(error)
      giveUp.abort(error)
    })
    const either = AbortSignal.any([signal, giveUp.signal])
    await Promise.race([engine.putArchive(state.id, folder, owned, either), failed.promise])
  }

  async makeFolder(box: BoxReference, folder: string, signal: AbortSignal): Promise<void> {
    const { engine, state } = await this.#find(box, signal)
    const owner = await ownerIn(engine, state, signal)
    const { dir, base } = path.posix.parse(folder)
    const tar = packTar([{ kind: 'folder', name: base, mode: 0o755 }], {
      owner,
      modifiedAt: Date.now() / 1000,
    })
    await engine.putArchive(state.id, dir, tar, signal)
  }

  /** Errors: `box_not_found`. */
  async #find(
    { agent, container }: BoxReference,
    signal: AbortSignal,
  ): Promise<{ engine: Engine; state: ContainerState }> {
    const engine = await this.#link.engine(signal)
    const state = await (container.name === undefined
      ? findContainer(engine, agent, signal)
      : engine.inspectContainer(container.name, signal))
    if (!state) {
      throw new DroverError('box_not_found', 'The agent has no container yet.')
    }
    return { engine, state }
  }
}

/** Whose the files are to be that come into a container: its user's. */
async function ownerIn(
  engine: Engine,
  { id, user }: ContainerState,
  signal: AbortSignal,
): Promise<TarOwner> {
  return (await findOwner(engine, { container: id, user }, signal)) ?? { uid: 0, gid: 0 }
}

/** A link is followed. */
async function statInside(
  engine: Engine,
  id: string,
  file: string,
  signal: AbortSignal,
): Promise<BoxEntry | null> {
  const stat = await engine.statArchive(id, file, signal)
  if (stat?.linkTarget == null) {
    return stat && toEntry(file, stat)
  }
  const target = await engine.statArchive(id, stat.linkTarget, signal)
  return target && toEntry(stat.linkTarget, target)
}

function toEntry(file: string, { mode, sizeBytes }: ArchiveStat): BoxEntry {
  const type = (mode & modes.anyType) >>> 0
  return {
    path: file,
    sizeBytes,
    kind: type === 0 ? 'file' : type === modes.folder ? 'folder' : 'other',
  }
}
