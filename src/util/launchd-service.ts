import { codes, type Launchctl } from './launchctl.ts'

/** A service as launchd knows it. */
export interface Service {
  /** `running`, `not running`, `spawn scheduled`, …: launchd's own word. */
  state: string
  /** Its main process; null when it has none. */
  pid: number | null
  /** How often it was started. */
  runs: number
  /** How it ended last, in launchd's words: `code 78: EX_CONFIG`, `Killed: 9`; null when it never did. */
  lastEnd: string | null
}

/** What launchd says of a service: `absent` when it knows none, `silent` when it gives no answer. */
export async function printService(
  launchctl: Launchctl,
  target: string,
  signal?: AbortSignal,
): Promise<Service | 'absent' | 'silent'> {
  const { code, stdout } = await launchctl.call(['print', target], signal ? { signal } : {})
  if (code === 0) {
    return parseService(stdout) ?? 'silent'
  }
  return code === codes.noService || code === codes.noProcess || code === codes.noDomain
    ? 'absent'
    : 'silent'
}

/**
 * Reads what `launchctl print SERVICE` writes: `name = value`, one a line and one tab deep; what is
 * deeper belongs to something else. Null for a text that has no state. launchctl(1) says that this is
 * no API, so nothing that matters rests on more than these lines.
 */
export function parseService(text: string): Service | null {
  const values = new Map(
    [...text.matchAll(/^(?:\t| {1,4})(\S[^=\n]*?) = (.*)$/gm)].map(
      ([, name = '', value = '']) => [name, value] as const,
    ),
  )
  const state = values.get('state')
  if (state === undefined) {
    return null
  }
  const pid = Number(values.get('pid') ?? 0)
  const runs = Number(values.get('runs') ?? 0) || 0
  return { state, pid: pid > 0 ? pid : null, runs, lastEnd: lastEnd(values) }
}

/** A signal comes instead of the code, or beside one from before. */
function lastEnd(values: ReadonlyMap<string, string>): string | null {
  const signal = values.get('last terminating signal')
  if (signal !== undefined) {
    return signal
  }
  const code = values.get('last exit code')
  return code === undefined || code.startsWith('(') ? null : `code ${code}`
}

/**
 * The labels below `services = {` of what `launchctl print DOMAIN` writes; each line there is pid,
 * last status and label.
 */
export function parseLabels(text: string): string[] {
  const [, block = ''] = /^\s*services = \{\n([\s\S]*?)^\s*\}/m.exec(text) ?? []
  return [...block.matchAll(/^\s*\S+\s+(?:\S+\s+)?(\S+)$/gm)].map(([, label = '']) => label)
}
