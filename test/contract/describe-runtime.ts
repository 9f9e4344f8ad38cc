import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BoxWish } from '../../src/runtimes/box.ts'
import type { Handle, RunReference, Runtime } from '../../src/runtimes/contract.ts'
import { describeEndings } from './runtime-endings.ts'
import { describeInput } from './runtime-input.ts'
import { describeLaunch } from './runtime-launch.ts'
import { describeLimits, type LimitCase } from './runtime-limits.ts'
import type { Argv, RuntimePrograms } from './runtime-programs.ts'
import { describeRecovery, describeUnknown } from './runtime-recovery.ts'
import { RuntimeStage } from './runtime-stage.ts'
import { describeStopping } from './runtime-stopping.ts'
import { describeSuspend } from './runtime-suspend.ts'

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
  /** Says 1, 2, 3 and so on, a line each, without end; left out where programs have no clock of their own. */
  countAloud?: Argv
  /** Runs that come up at once where many are asked for; left out: 60. */
  many?: number
  /** Left out where the runtime can limit nothing. */
  limits?: LimitCase
  close?(): Promise<void>
}

/**
 * The conformance suite of runtimes: real programs, over the real record on disk. After each test
 * everything it started is destroyed, and nothing that carries its mark may be left. A runtime that
 * can always be asked says `canBeUnknown: false`; one with the capability `snapshot` says `canSuspend`,
 * and `elsewhere` where it can, though not the runs of this case.
 */
export function describeRuntime(
  name: string,
  prepare: () => Promise<RuntimeCase>,
  {
    canBeUnknown = true,
    canSuspend = false,
  }: { canBeUnknown?: boolean; canSuspend?: boolean | 'elsewhere' } = {},
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
    test('says whether its runs can be suspended, and can do what it says', () => {
      const { runtime } = stage
      expect(runtime.capabilities.snapshot).toBe(canSuspend !== false)
      expect(runtime.suspend !== undefined).toBe(canSuspend !== false)
      expect(runtime.resume !== undefined).toBe(canSuspend !== false)
    })
    if (canSuspend === true) {
      describeSuspend(given)
    }
    if (canBeUnknown) {
      describeUnknown(given)
    }
  })
}
