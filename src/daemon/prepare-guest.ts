import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import type { ProviderContext } from '../providers/contract.ts'
import type { Handle, Launch, RunReference, Runtime } from '../runtimes/contract.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { GuestRequest } from '../schema/guest.ts'
import type { AgentRow } from '../store/index.ts'
import { findProgram } from '../util/find-program.ts'
import type { Home } from '../util/home.ts'
import { createPrivateFolder } from '../util/private-file.ts'
import {
  agentFolders,
  agentReference,
  askDeadlineMs,
  callSignal,
  getRuntime,
  launchContext,
  providerContext,
  speechOf,
  willHaveTerminal,
  type DaemonContext,
} from './context.ts'
import { doorPlace } from './door-place.ts'

/** The runtime of guests of agents whose own one has no terminals. */
const terminalRuntime = 'tmux'

/** What a guest is brought up with, and where. */
export interface PreparedGuest {
  runtime: Runtime
  launch: Launch
}

/**
 * Everything that a guest needs, found good: its runtime can be used, its program is there, and its
 * folder is inside the agent's own. Makes nothing but the folder that Drover made for the agent.
 * Errors: `runtime_unavailable`, `invalid_dir`, `program_not_found`, `box_asleep`, `unsupported`.
 */
export async function prepareGuest(
  context: DaemonContext,
  agent: AgentRow,
  request: GuestRequest,
  run: RunReference,
): Promise<PreparedGuest> {
  const spec = context.specs.get(agent.id)
  const runtime = await findRuntime(context, spec)
  const beside = findBox(context, agent, runtime)
  const cwd = await findFolder(context, agent, request.dir ?? '.')
  const env = await guestEnvironment(context, agent, { run, runtime: runtime.name })
  const argv = beside ? insideProgram(request) : hereProgram(request, { env, cwd })
  const { cols, rows } = request
  const launch: Launch = { run, argv, env, cwd, terminal: { cols, rows } }
  return { runtime, launch: beside ? { ...launch, beside } : launch }
}

/** The box that a guest is in: as the agent's run that lives has it. Undefined where there are none. Errors: `box_asleep`, `unsupported`. */
function findBox(context: DaemonContext, agent: AgentRow, runtime: Runtime): Launch['beside'] {
  if (!runtime.capabilities.elsewhere) {
    return undefined
  }
  const { container } = context.specs.get(agent.id)
  if (container?.name !== undefined) {
    throw new DroverError(
      'unsupported',
      `${agent.name} is in ${container.name}, which is not its own and has no guests; \`drover exec ${agent.name} --tty -- sh\` opens a shell there.`,
      { details: { field: 'container.name', agent: agent.name } },
    )
  }
  const run = agent.run_id ? context.store.runs.get(agent.run_id) : undefined
  if (!run?.handle) {
    throw new DroverError(
      'box_asleep',
      `${agent.name} is not awake: a guest would be in its container, which rests with it.`,
      { details: { agent: agent.name } },
    )
  }
  return {
    agent: agentReference(context, agent.id),
    handle: JSON.parse(run.handle) as Handle,
  }
}

/** Which programs there are in a box nobody knows but the box. */
function insideProgram({ program: [program = '/bin/sh', ...rest] }: GuestRequest): Launch['argv'] {
  return [program, ...rest]
}

function hereProgram(
  { program: [program, ...rest] }: GuestRequest,
  place: { env: Readonly<Record<string, string>>; cwd: string },
): Launch['argv'] {
  return [program === undefined ? findShell(place.env) : findGiven(program, place), ...rest]
}

/** The agent's own runtime where that has terminals, else this machine's. */
async function findRuntime(context: DaemonContext, { runtime }: AgentSpec): Promise<Runtime> {
  const own = getRuntime(context, runtime)
  const chosen = own.capabilities.terminal ? own : context.runtimes.get(terminalRuntime)
  const probe = await chosen?.probe(callSignal(context, askDeadlineMs))
  if (!chosen || !probe?.usable) {
    const why = probe ? `${probe.detail}${probe.hint ? `. ${probe.hint}` : ''}` : 'there is none'
    throw new DroverError(
      'runtime_unavailable',
      `A guest needs ${chosen?.name ?? terminalRuntime} for its terminal: ${why.replace(/\.$/, '')}.`,
      { details: { runtime: chosen?.name ?? terminalRuntime } },
    )
  }
  return chosen
}

/** The real folder, inside the agent's own or its worktree. */
async function findFolder(context: DaemonContext, agent: AgentRow, dir: string): Promise<string> {
  const spec = context.specs.get(agent.id)
  const { work } = agentFolders(context, agent.id)
  if (spec.dir === work) {
    createPrivateFolder(work)
  }
  const isPlanned = spec.worktree !== undefined && !existsSync(spec.worktree.folder)
  if (isPlanned) {
    throw invalidDir(`${agent.name}'s worktree is made when it first wakes`)
  }
  const base = await realFolder(spec.dir, spec.dir)
  const top = spec.worktree ? await realFolder(spec.worktree.folder, 'its worktree') : base
  const folder = await realFolder(path.resolve(base, dir), JSON.stringify(dir.slice(0, 200)))
  if (folder !== top && !folder.startsWith(path.join(top, path.sep))) {
    throw invalidDir(
      `${JSON.stringify(dir.slice(0, 200))} is outside of ${top}, where ${agent.name} works`,
    )
  }
  return folder
}

async function realFolder(folder: string, what: string): Promise<string> {
  const real = await realpath(folder).catch(() => null)
  if (real === null) {
    throw invalidDir(`${what} is not there`)
  }
  if (!(await stat(real)).isDirectory()) {
    throw invalidDir(`${what} is no folder`)
  }
  return real
}

const invalidDir = (problem: string): DroverError =>
  new DroverError('invalid_dir', `dir: ${problem}.`, { details: { field: 'dir' } })

/**
 * The agent's environment, as its own program has it, without what makes a process speak as the
 * agent: a guest is a person. `DROVER_HOME` leads what they call there to this home.
 */
async function guestEnvironment(
  context: DaemonContext,
  agent: AgentRow,
  { run, runtime }: { run: RunReference; runtime: string },
): Promise<Record<string, string>> {
  const spec = context.specs.get(agent.id)
  const isElsewhere = getRuntime(context, runtime).capabilities.elsewhere
  const base = isElsewhere
    ? launchContext(context, spec, agent.id)
    : providerContext(context, spec.provider, spec.env)
  const { upstreams } = base
  const door = await doorPlace(context, agent.id, { ...spec, runtime }, upstreams)
  const here = isElsewhere
    ? {}
    : { ...homeVariable(context.home), DROVER_SOCKET: context.home.socketFile }
  return {
    ...base.env,
    ...(await providerEnvironment(context, agent, {
      run,
      base: { ...base, upstreams: door?.upstreams ?? upstreams },
    })),
    ...(door?.env ?? here),
    DROVER_AGENT: agent.name,
  }
}

/** What the provider sets for the agent's program; nothing where that could not be started now. */
async function providerEnvironment(
  context: DaemonContext,
  { id, name }: AgentRow,
  { run, base }: { run: RunReference; base: ProviderContext },
): Promise<Record<string, string>> {
  const spec = context.specs.get(id)
  const speech = speechOf(context, {
    provider: spec.provider,
    is_terminal: willHaveTerminal(context, spec) ? 1 : 0,
  })
  try {
    const { env } = await speech.launch({
      ...base,
      agent: { id, name },
      spec,
      resume: null,
      newSession: randomUUID(),
      isFork: false,
      systemPrompt: null,
      stateFolder: agentFolders(context, id).state,
      runFolder: run.folder,
    })
    return Object.fromEntries(
      Object.entries(env).filter(([variable]) => !variable.startsWith('DROVER_')),
    )
  } catch (error) {
    // Somebody may come as a guest for that very reason.
    context.log.debug(
      { err: error, agent: id },
      "a guest goes without what its agent's provider sets",
    )
    return {}
  }
}

/** Of a home that is found by it; other homes are found without. */
function homeVariable({ folder, configFile }: Home): Record<string, string> {
  return path.dirname(configFile) === folder ? { DROVER_HOME: folder } : {}
}

function findShell(env: Readonly<Record<string, string>>): string {
  const shell = env['SHELL']
  const found =
    shell && path.isAbsolute(shell) ? findProgram(shell, { searchPath: '', folder: '/' }) : null
  return found ?? '/bin/sh'
}

function findGiven(
  program: string,
  { env, cwd }: { env: Readonly<Record<string, string>>; cwd: string },
): string {
  const found = findProgram(program, { searchPath: env['PATH'] ?? '', folder: cwd })
  if (found === null) {
    throw new DroverError(
      'program_not_found',
      `program: ${JSON.stringify(program.slice(0, 200))} was not found.`,
      { details: { field: 'program' } },
    )
  }
  return found
}
