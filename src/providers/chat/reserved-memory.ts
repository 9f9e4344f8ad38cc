import { readFile } from 'node:fs/promises'

/**
 * Memory that this Node.js, and so the agent program too, reserves for machine code and hardly uses,
 * bytes: V8 takes it all at once, writable and executable, 512 MiB on x64. 0 where that can't be seen.
 */
export async function reservedByNode(): Promise<number> {
  return sumExecutable(await readFile('/proc/self/maps', 'utf8').catch(() => ''))
}

/** The private memory of a text of /proc/PID/maps that is writable and executable, bytes. Source: proc(5). */
export function sumExecutable(maps: string): number {
  let bytes = 0
  for (const [, start = '0', end = '0'] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rwxp /gm)) {
    bytes += Number.parseInt(end, 16) - Number.parseInt(start, 16)
  }
  return bytes
}
