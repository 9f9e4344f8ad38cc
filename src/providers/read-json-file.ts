import { closeSync, readFileSync } from 'node:fs'
import { openFileInside } from '../util/plain-file.ts'

/** Longest file of settings that is read, bytes. */
const longestFile = 1024 * 1024

/** An object that a program keeps in a file; null where there is none that can be read. For files of a few kilobytes only. */
export function readJsonFile(file: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(readSettings(file, longestFile))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/**
 * What a file of settings says; nothing of one that is longer. Never waits, whatever stands there; a
 * person's own file may be a link. Errors: `NotPlainError`, and those of open(2).
 */
export function readSettings(file: string, mostBytes = Infinity): string {
  const { descriptor, size } = openFileInside(file, null)
  try {
    return size > mostBytes ? '' : readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}
