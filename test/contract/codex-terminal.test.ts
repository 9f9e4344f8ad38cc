import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codexProvider } from '../../src/providers/codex/index.ts'
import { startModelServer, type ModelServer } from '../../src/testing/index.ts'
import { createTerminalStage, type TerminalStage } from './terminal-stage.ts'

let server: ModelServer
let stage: TerminalStage
beforeAll(async () => {
  server = await startModelServer()
  stage = createTerminalStage({
    provider: codexProvider,
    programPath: process.env['DROVER_TEST_CODEX'] ?? null,
    upstreams: { openai: { url: server.url, model: 'scripted' } },
  })
})
afterAll(async () => {
  await stage.close()
  await server.close()
})

const escalated = (file: string) =>
  `[[tool:exec_command ${JSON.stringify({ cmd: `touch ${file}`, sandbox_permissions: 'require_escalated', justification: 'it must' })}]]`

test('first', async () => {
  const driver = await stage.drive(stage.request())
  await driver.send({ id: 'm1', from: 'user', body: 'Grüße\nan alle' })
  console.log(await driver.turnEnded('m1'))
  const file = path.join(stage.folder, 'outside')
  await driver.send({ id: 'm2', from: 'user', body: `${escalated(file)} [[say:done]]` })
  const question = await driver.waitFor((e) => e.type === 'question')
  console.log(question)
  driver.answer(question, { isAllowed: true, isForSession: false, message: null })
  console.log(await driver.turnEnded('m2'), existsSync(file))
  console.log(driver.events)
}, 60_000)
