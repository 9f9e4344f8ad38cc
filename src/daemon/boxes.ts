import path from 'node:path'
import type { Readable } from 'node:stream'
import type { BoxAccess, BoxProgram, BoxReference } from '../runtimes/box-contract.ts'
import type { Handle } from '../runtimes/contract.ts'
import { DroverError } from '../schema/error.ts'
import type { BoxFile, ExecRequest } from '../schema/exec.ts'
import type { AgentRow } from '../store/index.ts'
import {
  agentReference,
  askDeadlineMs,
  callSignal,
  getAgentByName,
  getRuntime,
  launchContext,
  type DaemonContext,
} from './context.ts'
import { doorPlace } from './door-place.ts'
import { specInPlace } from './inside-box.ts'

interface FoundBox {
  agent: AgentRow
  access: BoxAccess
  box: BoxReference
  /** Where it works. */
  dir: string
}

/** What people do in the boxes of agents beside their runs. Errors of all: `agent_not_found`, `unsupported`, `box_not_found`. */
export class Boxes {
  readonly #context: DaemonContext

  constructor(context: DaemonContext) {
    this.#context = context
  }

  /**
   * Runs a program beside an agent that is awake, in its environment; it ends by the signal. It does
   * not keep the agent awake, and ends with its container. Errors: `box_asleep`.
   */
  async exec(name: string, request: ExecRequest, signal: AbortSignal): Promise<BoxProgram> {
    const { agent, access, box, dir } = await this.#find(name, signal)
    const run = agent.run_id ? this.#context.store.runs.get(agent.run_id) : undefined
    if (!run?.handle) {
      const { container } = this.#context.specs.get(agent.id)
      const isOwn = container?.name === undefined
      const why = isOwn ? 'its container rests with it' : 'beside what does not run nothing does'
      throw new DroverError('box_asleep', `${agent.name} is not awake, and ${why}.`, {
        details: { agent: agent.name },
      })
    }
    const spec = this.#context.specs.get(agent.id)
    const { env, upstreams } = launchContext(this.#context, spec, agent.id)
    const door = await doorPlace(this.#context, agent.id, spec, upstreams)
    const { argv, terminal = null } = request
    // In a container of its own it is the container's user.
    const { name: isForeign, user: usual = null } = box.container
    const user = request.user ?? (isForeign === undefined ? null : usual)
    const exec = {
      argv,
      user,
      terminal,
      cwd: path.posix.resolve(dir, request.dir ?? '.'),
      env: {
        ...env,
        ...door?.env,
        DROVER_AGENT: agent.name,
        ...(terminal ? { TERM: 'xterm-256color' } : {}),
        ...request.env,
      },
    }
    return await access.exec(JSON.parse(run.handle) as Handle, exec, signal)
  }

  /** Errors: `file_not_found`. */
  async stat(name: string, given: string): Promise<BoxFile> {
    const signal = callSignal(this.#context, askDeadlineMs)
    const { access, box, dir } = await this.#find(name, signal)
    const file = path.posix.resolve(dir, given)
    const found = await access.stat(box, file, signal)
    if (!found) {
      throw notFound(file)
    }
    return { path: file, kind: found.kind, bytes: found.kind === 'file' ? found.sizeBytes : 0 }
  }

  /** A tar of what is at the path. Errors: `file_not_found`. */
  async read(name: string, given: string, signal: AbortSignal): Promise<Readable> {
    const { access, box, dir } = await this.#find(name, signal)
    const file = path.posix.resolve(dir, given)
    const tar = await access.read(box, file, signal)
    if (!tar) {
      throw notFound(file)
    }
    return tar
  }

  /**
   * Unpacks a tar into a folder; all of it becomes the agent's. With `make` the folder is made where
   * it is not there. Errors: `file_not_found`, `invalid_request`.
   */
  async write(
    name: string,
    { path: given, make: canMake }: { path: string; make: boolean },
    tar: Readable,
    signal: AbortSignal,
  ): Promise<void> {
    const { access, box, dir } = await this.#find(name, signal)
    const folder = path.posix.resolve(dir, given)
    const found = await access.stat(box, folder, signal)
    if (!found && canMake) {
      const parent = path.posix.dirname(folder)
      if ((await access.stat(box, parent, signal))?.kind !== 'folder') {
        throw notFound(parent)
      }
      await access.makeFolder(box, folder, signal)
    } else if (!found) {
      throw notFound(folder)
    } else if (found.kind !== 'folder') {
      throw new DroverError('invalid_request', `path: ${folder} is no folder.`, {
        details: { field: 'path' },
      })
    }
    await access.write(box, found?.path ?? folder, tar, signal)
  }

  async #find(name: string, signal: AbortSignal): Promise<FoundBox> {
    const context = this.#context
    const agent = getAgentByName(context, name)
    const spec = context.specs.get(agent.id)
    const { runtime: at, container } = spec
    const access = getRuntime(context, at).boxes
    if (!access || !container) {
      throw new DroverError(
        'unsupported',
        `${agent.name} has no container: it runs on this machine, as its files are; \`drover shell ${agent.name}\` opens a terminal beside it.`,
        { details: { agent: agent.name } },
      )
    }
    const { dir } = await specInPlace(context, { agentId: agent.id, spec }, signal)
    return { agent, access, dir, box: { agent: agentReference(context, agent.id), container } }
  }
}

function notFound(file: string): DroverError {
  return new DroverError(
    'file_not_found',
    `path: there is no ${JSON.stringify(file.slice(0, 200))} in its container.`,
    { details: { field: 'path' } },
  )
}
