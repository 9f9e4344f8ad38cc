import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { mainFile, startTestDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** One of each prefix that steers a provider, or is Drover's own. */
const reserved = [
  'CLAUDE_CONFIG_DIR',
  'CODEX_HOME',
  'OLLAMA_HOST',
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'GEMINI_API_KEY',
  'GOOGLE_GEMINI_BASE_URL',
  'OPENCODE_CONFIG',
  'DROVER_TOKEN',
  'anthropic_api_key',
]

test('a variable that steers a provider is refused by name on every way in, and nothing is made', async () => {
  await using daemon = await startTestDaemon()
  const { client, home } = daemon
  const refusal = (field: string): object => ({
    code: 'invalid_env',
    message: expect.stringMatching(new RegExp(`^${field}: is reserved`)) as string,
    details: { field },
  })
  mkdirSync(home.templatesFolder, { recursive: true })
  const program = ['/bin/cat']
  for (const name of reserved) {
    const env = { [name]: 'x' }
    await expect(client.run({ template: 'command', program, env }), name).rejects.toMatchObject(
      refusal(`env.${name}`),
    )
    const schedule = { name: 's', cron: '0 9 * * *', body: 'x' }
    await expect(
      client.schedules.add({ ...schedule, run: { template: 'command', program, env } }),
      name,
    ).rejects.toMatchObject(refusal(`run.env.${name}`))
    const file = path.join(home.templatesFolder, 'mine.yaml')
    writeFileSync(file, JSON.stringify({ provider: 'command', program, env }))
    await expect(client.run({ template: 'mine' }), name).rejects.toMatchObject({
      code: 'invalid_template',
      message: expect.stringMatching(new RegExp(`env\\.${name}: is reserved`)) as string,
      details: { field: `env.${name}` },
    })
    const called = promisify(execFile)(
      process.execPath,
      [mainFile, 'run', 'command', '--env', `${name}=x`, '--', 'cat'],
      { env: daemon.env },
    )
    await expect(called, name).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`env.${name}: is reserved`) as string,
    })
  }
  expect(await client.list({ all: true })).toEqual([])
  expect(await client.schedules.list()).toEqual([])
})

test('in config it keeps the daemon from starting, and names the line', async () => {
  for (const name of reserved) {
    using home = temporaryFolder()
    writeFileSync(path.join(home.path, 'config.yaml'), `port: 0\nenv:\n  GOOD: x\n  ${name}: x\n`)
    await expect(startTestDaemon({ home: home.path }), name).rejects.toThrow(
      new RegExp(`config\\.yaml:4: env\\.${name}: is reserved`),
    )
  }
})
