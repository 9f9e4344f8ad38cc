/** What the surfaces may use of the daemon. */
export { awaitTokenEnd, findBearer, type TokenBearer } from './agent-tokens.ts'
export { Agents } from './agents.ts'
export { Daemon, type DaemonOptions, type OwnStatus } from './daemon.ts'
export { checkMachine } from './doctor.ts'
export { faultPoint } from './fault-point.ts'
export { fieldPath, loadConfig } from './load-config.ts'
export { readLog } from './read-log.ts'
export type { FoundTemplate } from './templates.ts'
