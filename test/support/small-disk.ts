import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import path from 'node:path'
import { createTemporaryFolder } from './temporary-folder.ts'

/** Whether this user may mount a small disk. */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount()

/** A folder on a disk of its own of so many bytes; it goes when it leaves its scope. */
export function mountSmallDisk(
  bytes: number,
): { path: string; fill(leftBytes?: number): void; free(): void } & Disposable {
  const folder = createTemporaryFolder('drover-disk-')
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'drover-test', folder])
  const ballast = path.join(folder, 'ballast')
  return {
    path: folder,
    /** Leaves not one byte, or so many. */
    fill: (leftBytes = 0) => {
      fillWith(ballast)
      truncateSync(ballast, Math.max(0, statSync(ballast).size - leftBytes))
    },
    free: () => rmSync(ballast, { force: true }),
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function fillWith(file: string): void {
  const descriptor = openSync(file, 'a')
  try {
    for (let size = 64 * 1024; size >= 1;) {
      try {
        writeSync(descriptor, Buffer.alloc(size))
      } catch {
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(descriptor)
  }
}

function tryMount(): boolean {
  try {
    mountSmallDisk(1024 * 1024)[Symbol.dispose]()
    return true
  } catch {
    return false
  }
}
