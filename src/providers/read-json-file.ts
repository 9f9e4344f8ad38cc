import { readFileSync, statSync } from 'node:fs'

/** Longest file of settings that is read, bytes. */
const longestFile = 1024 * 1024

/** An object that a program keeps in a file; null where there is none that can be read. For files of a few kilobytes only. */
export function readJsonFile(file: string): Record<string, unknown> | null {
  try {
    if (statSync(file).size > longestFile) {
      return null
    }
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
