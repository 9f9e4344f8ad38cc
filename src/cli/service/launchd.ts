import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import type { CallResult } from '../../util/call-program.ts'
import { codes, Launchctl } from '../../util/launchctl.ts'
import { printService, type Service } from '../../util/launchd-service.ts'
import { writeWholeFile } from '../../util/private-file.ts'
import { waitUntil } from '../../util/wait.ts'
import type { CliContext, Machine } from '../context.ts'
import { formatDaemonPlist } from './launchd-plist.ts'
import { keepEnvironment } from './kept-environment.ts'
import { serviceName } from './service-name.ts'
import type { ServiceState, Supervisor } from './supervisor.ts'

/** How long the daemon may take to be up, or to end, ms: longer than launchd's patience with it. */
const changeMs = 90_000

/** How long launchd may refuse a service whose namesake has just gone, ms. */
const refusalMs = 10_000

/** Where the daemon is, or is to be, as a service. */
interface Place {
  launchctl: Launchctl
  label: string
  file: string
  /** Where the daemon says of itself that it is there. */
  daemonFile: string
}

/** The daemon as an agent of launchd, or as a daemon of the system. Errors: `usage`. */
export function createLaunchdSupervisor(
  context: CliContext,
  { isSystem, machine }: { isSystem: boolean; machine: Machine },
): Supervisor {
  const place = findPlace(context, { isSystem, machine })
  return {
    state: async () => await readState(place),
    install: async () => await install(place, context),
    start: async ({ isAnew }) => await start(place, isAnew),
    uninstall: async () => await uninstall(place),
  }
}

function findPlace(
  { env, home }: CliContext,
  { isSystem, machine }: { isSystem: boolean; machine: Machine },
): Place {
  const { uid, launchctl: program } = machine
  if (isSystem !== (uid === 0)) {
    throw new DroverError(
      'usage',
      isSystem
        ? '--system: a service of the system is made by root only. Without it the service is your own, and needs no rights.'
        : "--system: root has no services of its own on macOS. With it the service is the system's.",
      { details: { field: 'system' } },
    )
  }
  const label = serviceName(env, home.folder)
  const folder = isSystem
    ? '/Library/LaunchDaemons'
    : path.join(env['HOME'] || '/', 'Library', 'LaunchAgents')
  return {
    launchctl: new Launchctl({ program, uid }),
    label,
    file: path.join(folder, `${label}.plist`),
    daemonFile: home.daemonFile,
  }
}

async function install(
  place: Place,
  { self, env, home }: CliContext,
): Promise<'installed' | 'refreshed' | 'unchanged'> {
  const text = formatDaemonPlist({
    label: place.label,
    argv: [...self, 'up', '--json'],
    env: keepEnvironment(env),
    errorFile: path.join(home.folder, 'service-errors.log'),
    isSystem: place.launchctl.uid === 0,
  })
  const before = readIfThere(place.file)
  if (before !== text) {
    writeWholeFile(place.file, text, 0o644)
  }
  // Somebody may have disabled it, and launchd keeps that in mind.
  await place.launchctl.call(['enable', await targetOf(place)])
  return before === null ? 'installed' : before === text ? 'unchanged' : 'refreshed'
}

/** launchd reads a list only when it takes a service, so one that is begun anew is taken anew. */
async function start(place: Place, isAnew: boolean): Promise<void> {
  const { launchctl, file } = place
  const target = await targetOf(place)
  if (isAnew) {
    await remove(place, target)
  }
  const isThere = (await ask(place, target)) !== 'absent'
  const words = isThere ? ['kickstart', target] : ['bootstrap', path.posix.dirname(target), file]
  let result: CallResult = { code: null, stdout: '', stderr: '' }
  const isDecided = async (): Promise<boolean> => {
    result = await launchctl.call(words)
    return result.code !== codes.inputOutput && result.code !== codes.alreadyInProgress
  }
  await waitUntil(isDecided, { deadlineMs: refusalMs })
  if (result.code !== 0) {
    const why = result.stderr || 'no answer in time'
    throw failed(place, `\`launchctl ${words.join(' ')}\` failed: ${why}.`)
  }
  await awaitDaemon(place, target)
}

/** launchd knows that it runs, and the daemon itself when it can be spoken to. */
async function awaitDaemon(place: Place, target: string): Promise<void> {
  let end = ''
  const isUp = async (): Promise<boolean> => {
    const service = await ask(place, target)
    end = service === 'absent' || service.lastEnd === null ? '' : ` (${service.lastEnd})`
    return service !== 'absent' && service.pid !== null && readPid(place) === service.pid
  }
  if (!(await waitUntil(isUp, { deadlineMs: changeMs }))) {
    throw failed(place, `it did not come up${end}.`)
  }
}

/** The pid of the daemon that says that it is there. */
function readPid({ daemonFile }: Place): number | null {
  try {
    const { pid } = JSON.parse(readFileSync(daemonFile, 'utf8')) as { pid?: number }
    return pid ?? null
  } catch {
    return null
  }
}

async function uninstall(place: Place): Promise<boolean> {
  const target = await targetOf(place)
  const isThere = readIfThere(place.file) !== null || (await ask(place, target)) !== 'absent'
  await remove(place, target)
  rmSync(place.file, { force: true })
  return isThere
}

/** Ends it and has launchd forget it. Errors: `unit_failed`. */
async function remove(place: Place, target: string): Promise<void> {
  const { stderr } = await place.launchctl.call(['bootout', target], { deadlineMs: changeMs })
  const isGone = async (): Promise<boolean> => (await ask(place, target)) === 'absent'
  if (!(await waitUntil(isGone, { deadlineMs: changeMs }))) {
    throw failed(place, `launchd did not let go of it: ${stderr}.`)
  }
}

/** Errors: `unit_failed` where launchd gives no answer. */
async function ask(place: Place, target: string): Promise<Service | 'absent'> {
  const found = await printService(place.launchctl, target)
  if (found === 'silent') {
    throw failed(place, 'launchd gives no answer.')
  }
  return found
}

async function targetOf(place: Place): Promise<string> {
  const domain = await place.launchctl.domain()
  if (domain === null) {
    throw failed(place, 'launchd gives no answer.')
  }
  return `${domain}/${place.label}`
}

async function readState(place: Place): Promise<ServiceState> {
  const { label: name, file } = place
  const found = await ask(place, await targetOf(place))
  const isInstalled = readIfThere(file) !== null
  const service = found === 'absent' ? null : found
  const pid = service?.pid ?? null
  const end = pid === null && service?.lastEnd ? ` (${service.lastEnd})` : ''
  const isOfLogin = place.launchctl.likelyDomain.startsWith('gui/')
  return {
    name,
    file,
    isInstalled,
    isEnabled: isInstalled,
    isActive: pid !== null,
    state: service ? `${service.state}${end}` : 'not loaded',
    since: null,
    pid,
    memoryBytes: null,
    restarts: service?.runs ? service.runs - 1 : null,
    notes:
      isInstalled && isOfLogin
        ? ['It ends when you log out at the screen, and starts when you log in.']
        : [],
  }
}

function failed({ label }: Place, why: string): DroverError {
  return new DroverError('unit_failed', `service: ${why}`, { details: { unit: label } })
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
