import { existsSync } from 'node:fs'
import type { Exit, RunReference } from '../contract.ts'
import { oomFile } from './box-files.ts'
import type { ContainerWatch } from './container-watch.ts'
import type { DockerHandle } from './handle.ts'

/** Where an ending may be told. */
export interface ExitFacts {
  run: RunReference
  handle: DockerHandle | undefined
  watch: ContainerWatch
}

/** What is known of an ending that nobody here asked for; null: nothing. */
export function explainExit(
  { code, signal }: Exit,
  { run, handle, watch }: ExitFacts,
): string | null {
  const isOom = existsSync(oomFile(run))
  if (signal === 'SIGKILL' && (isOom || (handle && watch.isOomKilled(handle)))) {
    return 'out of memory: its container may have no more'
  }
  if (code !== null && isOom) {
    return `exit code ${code}, after the system ended something of it for want of memory`
  }
  // An engine that goes down tells nothing any more, and then ends what it has.
  return watch.isDown && (signal === 'SIGTERM' || signal === 'SIGKILL')
    ? `ended by ${signal}, while its engine was down or went down`
    : null
}
