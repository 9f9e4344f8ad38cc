import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { startModelServer } from '../../src/testing/index.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const up = { waitSeconds: 90 }
const claude = realProgram('claude')
const codex = realProgram('codex')

requireOrSkip('claude', claude !== null)(
  'an agent goes on with a conversation that a person had with Claude Code, in a copy of its own',
  async () => {
    using folder = temporaryFolder()
    await using model = await startModelServer()
    await using daemon = await startTestDaemon({
      config: {
        gateway: { upstreams: { anthropic: { url: model.url } } },
        providers: { claude: { path: claude } },
      },
    })
    const { client, home } = daemon
    const session = randomUUID()
    const talk = promisify(execFile)(
      claude ?? '',
      ['--print', '--session-id', session, 'my word is heron'],
      {
        cwd: folder.path,
        env: {
          PATH: process.env['PATH'] ?? '',
          // The daemon's HOME is its home.
          HOME: home.folder,
          ANTHROPIC_BASE_URL: model.url,
          ANTHROPIC_API_KEY: 'key',
          DISABLE_AUTOUPDATER: '1',
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        },
      },
    )
    talk.child.stdin?.end()
    expect((await talk).stdout).toContain('heron')
    for (const [name, resume] of [
      ['by-id', { mode: 'resume', session }],
      ['latest', { mode: 'continue' }],
    ] as const) {
      const made = await client.run(
        {
          template: 'claude',
          name,
          dir: folder.path,
          resume,
          prompt: `what was my word, ${name}?`,
        },
        up,
      )
      expect(made.message).toMatchObject({ state: 'done' })
      const asked = model.requests
        .map(({ body }) => JSON.stringify(body['messages'] ?? ''))
        .filter((messages) => messages.includes(`what was my word, ${name}?`))
      expect(asked.at(-1)).toContain('my word is heron')
      expect((await client.show(name)).session).toBe(session)
    }
    await expect(
      client.run({
        template: 'claude',
        dir: folder.path,
        resume: { mode: 'resume', session: randomUUID() },
      }),
    ).rejects.toMatchObject({ code: 'nothing_to_resume' })
  },
)

requireOrSkip('codex', codex !== null)(
  'an agent goes on with a thread that a person had with Codex, in a copy of its own; one that is not there is refused',
  async () => {
    using folder = temporaryFolder()
    await using model = await startModelServer()
    await using daemon = await startTestDaemon({
      config: {
        gateway: { upstreams: { openai: { url: model.url, model: 'scripted' } } },
        providers: { codex: { path: codex } },
      },
    })
    const { client, home } = daemon
    const codexHome = path.join(home.folder, '.codex')
    mkdirSync(codexHome)
    const request = { template: 'codex', dir: folder.path }
    // An agent in the person's folder talks as the person would.
    const options = { configDir: codexHome }
    await client.run({ ...request, name: 'person', options, prompt: 'my word is heron' }, up)
    const { session } = await client.sleep('person', up)
    for (const [name, resume] of [
      ['by-id', { mode: 'resume', session: session ?? '' }],
      ['latest', { mode: 'continue' }],
    ] as const) {
      const prompt = `what was my word, ${name}?`
      const made = await client.run({ ...request, name, resume, prompt }, up)
      expect(made.message).toMatchObject({ state: 'done' })
      expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('my word is heron')
      expect((await client.show(name)).session).toBe(session)
    }
    const resume = { mode: 'resume', session: randomUUID() } as const
    await expect(client.run({ ...request, resume })).rejects.toMatchObject({
      code: 'nothing_to_resume',
    })
  },
)
