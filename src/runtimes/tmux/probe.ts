import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Probe } from '../contract.ts'

/** The first one that takes environments for a session alone, and clients that leave its size alone. */
const oldestVersion = [3, 2] as const

/** How long it may take to say its version, ms. */
const versionMs = 5000

const hint =
  process.platform === 'darwin'
    ? 'Install it: brew install tmux'
    : 'Install it: apt-get install tmux'

/** Whether tmux is there, and new enough. */
export async function probeTmux(program: string | null, signal: AbortSignal): Promise<Probe> {
  if (!program) {
    return { usable: false, detail: 'tmux is not installed', hint }
  }
  let text: string
  try {
    const { stdout } = await promisify(execFile)(program, ['-V'], { signal, timeout: versionMs })
    text = stdout.trim()
  } catch (error) {
    return { usable: false, detail: `${program} can't be run: ${(error as Error).message}`, hint }
  }
  const version = parseVersion(text)
  const oldest = oldestVersion.join('.')
  if (version && isOlder(version)) {
    return {
      usable: false,
      detail: `${text} is too old: ${oldest} is the first that will do`,
      hint,
    }
  }
  return { usable: true, detail: `${text}, a server of this home's own`, hint: null }
}

/** The two numbers of `tmux 3.3a`; null for a name that has none, as of a build from source. */
export function parseVersion(text: string): readonly [number, number] | null {
  const match = /(\d+)\.(\d+)/.exec(text)
  return match ? [Number(match[1]), Number(match[2])] : null
}

function isOlder([major, minor]: readonly [number, number]): boolean {
  const [oldMajor, oldMinor] = oldestVersion
  return major < oldMajor || (major === oldMajor && minor < oldMinor)
}
