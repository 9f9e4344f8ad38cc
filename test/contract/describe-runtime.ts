import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe } from 'vitest'
import type { BoxWish, Handle, RunReference, Runtime } from '../../src/runtimes/contract.ts'
import { describeEndings } from './runtime-endings.ts'
import { describeInput } from './runtime-input.ts'
import { describeLaunch } from './runtime-launch.ts'
import { describeLimits, type LimitCase } from './runtime-limits.ts'
import type { RuntimePrograms } from './runtime-programs.ts'
import { describeRecovery, describeUnknown } from './runtime-recovery.ts'
import { RuntimeStage } from './runtime-stage.ts'
import { describeStopping } from './runtime-stopping.ts'

/** How one runtime is brought up for the suite, and what only it can do to itself. */
export interface RuntimeCase {
  /** A runtime as a new daemon makes it; two of one case share the machine. */
  createRuntime(): Runtime
  programs: RuntimePrograms
  /** Environment names that the runtime's own shell may add to what was given. */
  addedVariables: readonly string[]
  /** Handles like a live run's that name something else: another start, another boot. */
  impostors(handle: Handle): Handle[]
  /** The box of a run's own, for a runtime whose programs are elsewhere; `folder` is seen inside. */
  boxOf?(run: RunReference, folder: string): BoxWish
  /** Ends everything of a live run at once, so that nothing can leave a record. */
  vanish(run: RunReference, handle: Handle): Promise<void>
  /** What a program leaves behind ends with it, and not only by `destroy`. */
  isEndingChildren?: boolean
  /** A run is in the list until it is destroyed, though all of it has ended. */
  isListedUntilDestroyed?: boolean
  /** Makes the runtime unable to answer `inspect` and `recover`; returns how to undo it. Left out where that can't be. */
  makeUnknown?(runtime: Runtime): () => void
  /** Runs that come up at once where many are asked for; left out: 60. */
  many?: number
  /** Left out where the runtime can limit nothing. */
  limits?: LimitCase
  close?(): Promise<void>
}

/**
 * The conformance suite of runtimes: real programs, over the real record on disk. After each test
 * everything it started is destroyed, and nothing that carries its mark may be left. A runtime that
 * can always be asked says `canBeUnknown: false`.
 */
export function describeRuntime(
  name: string,
  prepare: () => Promise<RuntimeCase>,
  { canBeUnknown = true }: { canBeUnknown?: boolean } = {},
): void {
  describe(`runtime ${name}`, () => {
    let stage: RuntimeStage
    let runtimeCase: RuntimeCase
    const given = (): RuntimeStage => stage
    beforeEach(async () => {
      runtimeCase = await prepare()
      stage = new RuntimeStage(
        runtimeCase,
        realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-runtime-'))),
      )
    })
    afterEach(async () => {
      await stage.close()
      await runtimeCase.close?.()
    })
    describeLaunch(given)
    describeInput(given)
    describeEndings(given)
    describeStopping(given)
    describeRecovery(given)
    describeLimits(given)
    if (canBeUnknown) {
      describeUnknown(given)
    }
  })
}
