import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Detection, Login, ProviderContext } from './contract.ts'

/** How long a program may take to say its version, ms. */
const versionDeadlineMs = 10_000

export interface ProgramToDetect {
  /** Absolute path; null when it was not found. */
  program: string | null
  /** Arguments that make it print its version and nothing else; no model is asked. */
  versionArguments: readonly string[]
  /** Added to the environment: what keeps it from updating itself or reporting home. */
  env?: Readonly<Record<string, string>>
  installHint: string
  login: Login
  loginHint: string
}

/** Where a program is, its version and login, without a turn. Bounded in time; nothing is thrown for what it does. */
export async function detectProgram(
  wanted: ProgramToDetect,
  { env, signal }: Pick<ProviderContext, 'env' | 'signal'>,
): Promise<Detection> {
  const { program, installHint, login, loginHint } = wanted
  if (program === null) {
    const detail = 'not found'
    return { usable: false, detail, hint: installHint, version: null, login }
  }
  try {
    const { stdout } = await promisify(execFile)(program, [...wanted.versionArguments], {
      env: { ...env, ...wanted.env },
      timeout: versionDeadlineMs,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024,
      signal,
    })
    const version = findVersion(stdout)
    const hint = login === 'no' ? loginHint : null
    return { usable: true, detail: program, hint, version, login }
  } catch (error) {
    const detail = `${program} does not run: ${reasonOf(error)}`
    return { usable: false, detail, hint: installHint, version: null, login }
  }
}

/** The first thing that looks like a version; null when nothing does. */
export function findVersion(text: string): string | null {
  return /\d+\.\d+(?:\.\d+)?(?:-[0-9A-Za-z.-]+)?/.exec(text)?.[0] ?? null
}

function reasonOf(error: unknown): string {
  const failure = error as NodeJS.ErrnoException & { killed?: boolean; stderr?: string }
  if (failure.killed) {
    return `it did not say its version within ${versionDeadlineMs / 1000} s`
  }
  const said = failure.stderr?.trim().split('\n').at(-1)
  return (said || failure.message.split('\n')[0] || 'it gives no reason').slice(0, 300)
}
