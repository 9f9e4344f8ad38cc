import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { describeLimits } from '../../core/limit-plan.ts'
import {
  callSystemd,
  isBootedWithSystemd,
  type SystemdManager,
  isLingering,
} from '../../util/systemd-manager.ts'
import type { Probe } from '../contract.ts'
import { findMeans, hintFor } from './limits.ts'

/** The first version with all that is used: OOMPolicy=. */
const oldestVersion = 243

const unusable = (detail: string, hint: string): Probe => ({ usable: false, detail, hint })

/** Whether units can be had here: which manager's, and with which limits. */
export async function probeManager(manager: SystemdManager, signal: AbortSignal): Promise<Probe> {
  if (process.platform !== 'linux') {
    return unusable(`there is no systemd on ${process.platform}`, 'Use the runtime process.')
  }
  if (!isBootedWithSystemd()) {
    return unusable('systemd does not run this machine', 'Use the runtime process.')
  }
  if (!existsSync(manager.socket)) {
    return unusable(
      `systemd has no ${manager.kind} manager for this user`,
      manager.kind === 'user'
        ? `Have one from boot on: \`loginctl enable-linger ${userName()}\` (as root).`
        : 'Use the runtime process.',
    )
  }
  return await askManager(manager, signal)
}

async function askManager(manager: SystemdManager, signal: AbortSignal): Promise<Probe> {
  const call = ['systemctl', 'show', '--property=Version', '--value'] as const
  const { code, stdout, stderr } = await callSystemd(manager, call, { signal })
  if (code !== 0) {
    return unusable(
      `systemd's ${manager.kind} manager does not answer: ${stderr || 'not in time'}`,
      'See `systemctl status` and the journal.',
    )
  }
  const version = Number(/^\d+/.exec(stdout)?.[0] ?? 0)
  if (version < oldestVersion) {
    return unusable(
      `systemd ${version} is too old`,
      `Use systemd ${oldestVersion} or newer, or the runtime process.`,
    )
  }
  const means = await findMeans(manager, { isCounting: false, signal })
  const isWhole = 'path' in means.group && means.group.controllers.length >= 3
  const detail = `units of systemd ${version}, ${manager.kind} manager; limits: ${describeLimits(means, 'the unit')}`
  return {
    usable: true,
    detail,
    hint: lingerHint(manager) ?? (isWhole ? null : hintFor(manager, means)),
  }
}

/** Without lingering a user manager ends with the user's last session, and every unit with it. */
function lingerHint({ kind }: SystemdManager): string | null {
  const name = userName()
  return kind === 'system' || isLingering(name)
    ? null
    : `Agents end when you log out: \`loginctl enable-linger ${name}\` keeps them.`
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? '')
  }
}
