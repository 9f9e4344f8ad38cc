import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import type { CallResult } from '../../util/call-program.ts'
import {
  callSystemd,
  isBootedWithSystemd,
  isLingering,
  systemManager,
  userManager,
  type SystemdManager,
} from '../../util/systemd-manager.ts'
import type { CliContext } from '../context.ts'
import { keepEnvironment } from './kept-environment.ts'
import { serviceName } from './service-name.ts'
import type { ServiceState, Supervisor } from './supervisor.ts'
import { formatDaemonUnit } from './systemd-unit.ts'

/** How long the daemon may take to be ready, or to end, ms: as its unit says, and a little. */
const changeMs = 310_000

interface Place {
  manager: SystemdManager
  unit: string
  file: string
}

/** The daemon as a unit of the user's manager, or of the system's. Errors: `unsupported`. */
export function createSystemdSupervisor(
  context: CliContext,
  { isSystem }: { isSystem: boolean },
): Supervisor {
  const place = findPlace(context, isSystem)
  return {
    state: async () => await readState(place),
    install: async () => await install(place, context),
    start: async ({ isAnew }) => {
      await change(place, [isAnew ? 'restart' : 'start', place.unit])
    },
    uninstall: async () => await uninstall(place),
  }
}

function findPlace({ env, home }: CliContext, isSystem: boolean): Place {
  if (!isBootedWithSystemd()) {
    throw new DroverError(
      'unsupported',
      'service: systemd does not run this machine. `drover up --detach` starts the daemon without it.',
    )
  }
  const uid = process.getuid?.() ?? 0
  if (isSystem && uid !== 0) {
    throw new DroverError(
      'usage',
      '--system: a unit of the system is made by root only. Without it the unit is your own, and needs no rights.',
      { details: { field: 'system' } },
    )
  }
  const unit = `${serviceName(env, home.folder)}.service`
  if (isSystem) {
    return { manager: systemManager(env), unit, file: path.join('/etc/systemd/system', unit) }
  }
  const config = env['XDG_CONFIG_HOME'] || path.join(env['HOME'] || '/', '.config')
  return { manager: userManager(env, uid), unit, file: path.join(config, 'systemd/user', unit) }
}

async function install(
  place: Place,
  { self, env }: CliContext,
): Promise<'installed' | 'refreshed' | 'unchanged'> {
  const { manager, file } = place
  const text = formatDaemonUnit({
    argv: [...self, 'up'],
    env: keepEnvironment(env),
    isSystem: manager.kind === 'system',
    version: await askVersion(place),
  })
  const before = readIfThere(file)
  if (before !== text) {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(`${file}.new`, text, { mode: 0o644 })
    renameSync(`${file}.new`, file)
    await change(place, ['daemon-reload'])
  }
  await change(place, ['enable', place.unit])
  return before === null ? 'installed' : before === text ? 'unchanged' : 'refreshed'
}

/** Errors: `unsupported` where the manager is not there. */
async function askVersion({ manager }: Place): Promise<number> {
  const { code, stdout, stderr } = await callSystemd(manager, [
    'systemctl',
    'show',
    '--property=Version',
    '--value',
  ])
  if (code !== 0) {
    throw new DroverError(
      'unsupported',
      `service: systemd's ${manager.kind} manager can't be asked: ${stderr || 'no answer in time'}. ${wayOut(manager)}`,
    )
  }
  return Number(/^\d+/.exec(stdout)?.[0] ?? 0)
}

function wayOut({ kind }: SystemdManager): string {
  if (kind === 'system') {
    return '`drover up --detach` starts the daemon without it.'
  }
  return process.getuid?.() === 0
    ? 'For a unit of the system add --system.'
    : '`loginctl enable-linger` brings one up that stays; so does logging in.'
}

async function uninstall(place: Place): Promise<boolean> {
  const { manager, unit, file } = place
  if (readIfThere(file) === null) {
    return false
  }
  await change(place, ['disable', '--now', unit])
  rmSync(file, { force: true })
  await change(place, ['daemon-reload'])
  await callSystemd(manager, ['systemctl', 'reset-failed', unit])
  return true
}

/** Errors: `unit_failed`. */
async function change({ manager, unit }: Place, words: readonly string[]): Promise<CallResult> {
  const result = await callSystemd(manager, ['systemctl', '--no-ask-password', ...words], {
    deadlineMs: changeMs,
  })
  if (result.code !== 0) {
    const scope = manager.kind === 'user' ? ' --user' : ''
    throw new DroverError(
      'unit_failed',
      `service: \`systemctl${scope} ${words.join(' ')}\` failed: ${result.stderr || 'no answer in time'}. \`journalctl${scope} -u ${unit}\` may say more.`,
      { details: { unit } },
    )
  }
  return result
}

const properties = [
  'UnitFileState',
  'ActiveState',
  'MainPID',
  'MemoryCurrent',
  'ActiveEnterTimestampMonotonic',
  'NRestarts',
]

async function readState({ manager, unit, file }: Place): Promise<ServiceState> {
  const shown = await callSystemd(manager, [
    'systemctl',
    'show',
    `--property=${properties.join(',')}`,
    unit,
  ])
  const values = new Map(
    shown.stdout.split('\n').map((line): [string, string] => {
      const place = line.indexOf('=')
      return [line.slice(0, place), line.slice(place + 1)]
    }),
  )
  const number = (name: string): number | null => {
    const value = Number(values.get(name) || NaN)
    return Number.isSafeInteger(value) && value > 0 ? value : null
  }
  const isInstalled = readIfThere(file) !== null
  const isActive = values.get('ActiveState') === 'active'
  const begunUs = isActive ? number('ActiveEnterTimestampMonotonic') : null
  return {
    name: unit,
    file,
    isInstalled,
    isEnabled: values.get('UnitFileState') === 'enabled',
    isActive,
    state: values.get('ActiveState') || 'unknown',
    since: begunUs === null ? null : Date.now() - (monotonicUs() - begunUs) / 1000,
    pid: number('MainPID'),
    memoryBytes: isActive ? number('MemoryCurrent') : null,
    restarts: isInstalled ? Number(values.get('NRestarts') || 0) : null,
    notes: notesOf(manager, shown, isInstalled),
  }
}

function notesOf(manager: SystemdManager, shown: CallResult, isInstalled: boolean): string[] {
  if (shown.code !== 0) {
    return [
      `systemd's ${manager.kind} manager can't be asked: ${shown.stderr || 'no answer in time'}. ${wayOut(manager)}`,
    ]
  }
  return isInstalled && manager.kind === 'user' && !isLingering(userName())
    ? [
        'It ends when you log out, and starts when you log in. `loginctl enable-linger` keeps it, from boot on.',
      ]
    : []
}

function userName(): string {
  return process.getBuiltinModule('node:os').userInfo().username
}

/** The clock that systemd counts by. */
function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
