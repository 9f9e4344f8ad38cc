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

/** What is known of an ending by a signal that nobody here sent; null: nothing. */
export function explainExit({ signal }: Exit, { run, handle, watch }: ExitFacts): string | null {
  if (signal === 'SIGKILL' && (existsSync(oomFile(run)) || (handle && watch.isOomKilled(handle)))) {
    return 'out of memory: its container may have no more'
  }
  // An engine that goes down tells nothing any more, and then ends what it has.
  return handle && !watch.isUp && (signal === 'SIGTERM' || signal === 'SIGKILL')
    ? `ended by ${signal}, while its engine was down or went down`
    : null
}
