import { resolveHome } from '../../util/home.ts'
import type { Environment } from '../context.ts'

/** What a supervisor calls the daemon of a home: one name for each, and the usual home has the usual one. */
export function serviceName(env: Environment, folder: string): string {
  const { folder: usual } = resolveHome({ ...env, DROVER_HOME: undefined })
  if (folder === usual) {
    return 'drover'
  }
  const { createHash } = process.getBuiltinModule('node:crypto')
  return `drover-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`
}
