import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A new private folder; the caller removes it, or uses `temporaryFolder`. */
export function createTemporaryFolder(prefix = 'drover-test-'): string {
  return realpathSync(mkdtempSync(path.join(tmpdir(), prefix)))
}

/** A new private folder that goes when it leaves its scope: `using folder = temporaryFolder()`. */
export function temporaryFolder(prefix?: string): { path: string } & Disposable {
  const folder = createTemporaryFolder(prefix)
  return { path: folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
