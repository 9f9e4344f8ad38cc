import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { encodeUnitLaunch, type Unit, type Units } from '../runtimes/units.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { AgentRow } from '../store/index.ts'
import { writePrivateFile } from '../util/private-file.ts'
import { callSignal, getRuntime, workDeadlineMs, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { prepareLaunch } from './prepare-launch.ts'
import type { Reconciler } from './reconciler.ts'

type UnitContext = Pick<DaemonContext, 'home' | 'store' | 'runtimes' | 'specs'>

/** An agent as its supervisor knows it. */
export function unitOf(
  { home, store, specs }: Pick<DaemonContext, 'home' | 'store' | 'specs'>,
  { id, name }: Pick<AgentRow, 'id' | 'name'>,
): Unit {
  return {
    instance: store.instance,
    agent: { id, name },
    file: path.join(home.unitsFolder, id),
    runsFolder: home.runsFolder,
    limits: specs.get(id).limits,
  }
}

/** Whether the machine's own supervisor brings an agent up: it was asked to, or has a unit for it by hand. */
export function isSupervised(
  context: UnitContext,
  agent: Pick<AgentRow, 'id' | 'name'>,
  { alwaysOn, runtime }: Pick<AgentSpec, 'alwaysOn' | 'runtime'>,
): boolean {
  const units = context.runtimes.get(runtime)?.units
  return alwaysOn || (units?.isInstalled(unitOf(context, agent)) ?? false)
}

/**
 * What its supervisor's next start follows from, in a word: when it is another, the supervisor must
 * be told anew.
 */
export function unitKey(
  { session, is_new: isNew }: Pick<AgentRow, 'session' | 'is_new'>,
  spec: AgentSpec,
): string {
  const parts = JSON.stringify([spec, session, isNew])
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22)
}

/** Tells its supervisor what to run, and hands it over where that is not done. */
export async function installUnit(reconciler: Reconciler, agentId: string): Promise<void> {
  const { context, records } = reconciler
  const { store, specs } = context
  const agent = agentRow(context, agentId)
  const spec = specs.get(agentId)
  const units = unitsOf(context, spec)
  const unit = unitOf(context, agent)
  const key = unitKey(agent, spec)
  const signal = callSignal(context, workDeadlineMs)
  await writeLaunch(context, agent, { units, unit, signal })
  faultPoint('unit-written')
  if (agent.unit === null || !units.isInstalled(unit)) {
    await units.install(unit, signal)
  }
  faultPoint('unit-installed')
  records.change(agentId, 'durable', () => store.agents.setUnit(agentId, key))
}

/** The next start goes on with the session, unless a fresh one is due. */
async function writeLaunch(
  context: DaemonContext,
  agent: AgentRow,
  { units, unit, signal }: { units: Units; unit: Unit; signal: AbortSignal },
): Promise<void> {
  const { provider } = context.specs.get(agent.id)
  const isResumed = agent.session !== null && agent.is_new === 0
  const next = {
    id: 'next',
    agent_id: agent.id,
    provider,
    session: agent.session,
    is_resumed: isResumed ? 1 : 0,
    is_terminal: 0,
  } as const
  const { launch, greeting } = await prepareLaunch(context, next, signal)
  const { env, cwd } = launch
  const argv = (await units.limitArgv?.(launch, signal)) ?? launch.argv
  writePrivateFile(`${unit.file}.greeting`, greeting ?? '')
  const note = isResumed ? 'resumed' : 'fresh'
  writePrivateFile(`${unit.file}.launch`, encodeUnitLaunch({ argv, env, cwd, note }))
}

/** What a program that was begun by its unit is greeted with; null: nothing. */
export function greetingOf(
  context: UnitContext,
  agent: Pick<AgentRow, 'id' | 'name'>,
): string | null {
  try {
    return readFileSync(`${unitOf(context, agent).file}.greeting`, 'utf8') || null
  } catch {
    return null
  }
}

/** Takes an agent back from its supervisor, which ends its program. */
export async function uninstallUnit(reconciler: Reconciler, agentId: string): Promise<void> {
  const { context, records } = reconciler
  const agent = agentRow(context, agentId)
  const unit = unitOf(context, agent)
  const units = unitsOf(context, context.specs.get(agentId))
  await units.uninstall(unit, callSignal(context, workDeadlineMs))
  faultPoint('unit-uninstalled')
  for (const ending of ['launch', 'greeting']) {
    await rm(`${unit.file}.${ending}`, { force: true })
  }
  context.begun.forgetAll(agentId)
  records.change(agentId, 'durable', () => context.store.agents.setUnit(agentId, null))
}

/** To end and begin its program is not Drover's. Errors: `supervised`, with the command that does it. */
export function refuseSupervised(context: UnitContext, agent: AgentRow): void {
  const spec = context.specs.get(agent.id)
  const units = context.runtimes.get(spec.runtime)?.units
  if (units && isSupervised(context, agent, spec)) {
    const command = units.restartCommand(unitOf(context, agent))
    throw new DroverError(
      'supervised',
      `${agent.name} is always on: Drover neither ends nor begins its program. \`${command}\` begins it anew.`,
      { details: { agent: agent.name, command } },
    )
  }
}

function agentRow({ store }: UnitContext, agentId: string): AgentRow {
  const agent = store.agents.get(agentId)
  if (!agent) {
    throw new Error(`There is no agent ${agentId}.`)
  }
  return agent
}

function unitsOf(context: UnitContext, { runtime: name }: AgentSpec): Units {
  const { units } = getRuntime(context, name)
  if (!units) {
    throw new DroverError('unsupported', `runtime: ${name} keeps nothing up.`, {
      details: { field: 'runtime' },
    })
  }
  return units
}
