import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe } from 'vitest'
import { describeOnlookers } from './runtime-onlookers.ts'
import { describeStrokes } from './runtime-strokes.ts'
import { describeTerminalEndings } from './runtime-terminal-endings.ts'
import { describeTerminalOutput } from './runtime-terminal-output.ts'
import { TerminalStage, type TerminalCase } from './terminal-stage.ts'

/**
 * The conformance suite of runtimes that give programs a terminal: real programs at real ones.
 * Beside it such a runtime passes `describeRuntime`, for programs that have pipes.
 */
export function describeTerminal(name: string, prepare: () => Promise<TerminalCase>): void {
  describe(`a terminal of ${name}`, () => {
    let stage: TerminalStage
    let terminalCase: TerminalCase
    const given = (): TerminalStage => stage
    beforeEach(async () => {
      terminalCase = await prepare()
      stage = new TerminalStage(
        terminalCase,
        realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-terminal-'))),
      )
    })
    afterEach(async () => {
      await stage.close()
      await terminalCase.close?.()
    })
    describeTerminalOutput(given)
    describeStrokes(given)
    describeOnlookers(given)
    describeTerminalEndings(given)
  })
}
