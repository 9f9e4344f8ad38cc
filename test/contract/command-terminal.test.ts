import { afterEach, beforeEach, expect } from 'vitest'
import { commandProvider } from '../../src/providers/command/index.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { createTerminalStage, type TerminalProgramStage } from './terminal-program-stage.ts'

const testAtTerminal = requireOrSkip('tmux', hasProgram('tmux'))
const message = (id: string, body: string) => ({ id, from: 'user', body })

let stage: TerminalProgramStage
beforeEach(() => {
  stage = createTerminalStage({
    provider: commandProvider,
    env: { PS1: '$ ' },
    spec: { program: ['bash', '--norc', '-i'], options: { settleMs: 500 } },
  })
})
afterEach(() => stage.close())

testAtTerminal('a shell at a terminal answers with what its commands print', async () => {
  const driver = await stage.drive(stage.request())
  await driver.send(message('m1', "echo 'Grüße an alle'"))
  expect(await driver.turnEnded('m1')).toMatchObject({ reply: 'Grüße an alle', error: null })
  await driver.send(message('m2', 'echo one\nsleep 0.2; echo two\n'))
  expect(await driver.turnEnded('m2')).toMatchObject({ reply: 'one\ntwo' })
  await driver.send(message('m3', '[ -t 0 ] && tput cols'))
  expect(await driver.turnEnded('m3')).toMatchObject({ reply: '120' })
})

testAtTerminal('a program that waits before it answers is waited for', async () => {
  const driver = await stage.drive(stage.request())
  await driver.send(message('m1', 'sleep 1; echo late'))
  expect(await driver.turnEnded('m1')).toMatchObject({ reply: 'late' })
})
