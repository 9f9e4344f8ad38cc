import type { Probe } from '../contract.ts'
import { codes, type Launchctl } from '../../util/launchctl.ts'
import { describeOwnLimits } from './limits.ts'

/** Whether launchd can be asked, and in whose domain agents are. */
export async function probeLaunchd(
  launchctl: Launchctl,
  platform: NodeJS.Platform,
  signal: AbortSignal,
): Promise<Probe> {
  if (platform !== 'darwin') {
    return { usable: false, detail: `not on ${platform}`, hint: null }
  }
  const domain = await launchctl.domain(signal)
  const { code, stderr } = await launchctl.call(['print', domain ?? launchctl.likelyDomain], {
    signal,
  })
  if (domain === null || code !== 0) {
    return {
      usable: false,
      detail:
        code === codes.noDomain
          ? `launchd has no domain ${domain ?? launchctl.likelyDomain}`
          : `launchd gives no answer${stderr ? `: ${stderr}` : ''}`,
      hint: 'Use the runtime process.',
    }
  }
  return {
    usable: true,
    detail: `services in ${domain}; limits: ${await describeOwnLimits(launchctl.uid)}`,
    hint: hintFor(domain),
  }
}

function hintFor(domain: string): string | null {
  return domain.startsWith('gui/')
    ? 'Agents end when you log out at the screen.'
    : domain.startsWith('user/')
      ? 'Nobody is logged in at the screen, so agents have no keychain of a login.'
      : null
}
