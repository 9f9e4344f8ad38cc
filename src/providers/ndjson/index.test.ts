import { describe, expect, test } from 'vitest'
import { AgentSpec } from '../../schema/agent.ts'
import type { LaunchRequest } from '../contract.ts'
import { ndjsonProvider } from './index.ts'

const request = (spec: Partial<AgentSpec>, fields: Partial<LaunchRequest> = {}): LaunchRequest => ({
  env: { PATH: '/usr/bin:/bin' },
  programPath: null,
  upstreams: {},
  signal: new AbortController().signal,
  agent: { id: 'agent_1', name: 'a' },
  spec: AgentSpec.parse({ provider: 'ndjson', runtime: 'process', dir: '/', ...spec }),
  resume: null,
  newSession: 'new',
  isFork: false,
  systemPrompt: null,
  stateFolder: '/state',
  runFolder: '/run',
  ...fields,
})

describe('a launch of a runner', () => {
  test('is the program as it was given, and all else by environment', async () => {
    const launch = await ndjsonProvider.launch(
      request({ program: ['sh', '-c', 'x "$@"', '', 'é'] }),
    )
    expect(launch.argv).toEqual([
      expect.stringMatching(/^\/(usr\/)?bin\/sh$/),
      '-c',
      'x "$@"',
      '',
      'é',
    ])
    expect(launch.env).toEqual({
      DROVER_NEW_SESSION: 'new',
      DROVER_STATE: '/state',
      DROVER_SYSTEM_PROMPT_FILE: '/state/system-prompt.md',
    })
    expect(launch.files).toEqual([{ path: '/state/system-prompt.md', content: '' }])
  })

  test('tells session, model, trigger and system prompt', async () => {
    const launch = await ndjsonProvider.launch(
      request(
        { program: ['sh'], model: 'big', trigger: 'rex', persona: 'kind' },
        { resume: 's1', systemPrompt: 'You are a.\n\nkind' },
      ),
    )
    expect(launch.env).toMatchObject({
      DROVER_SESSION: 's1',
      DROVER_MODEL: 'big',
      DROVER_TRIGGER: 'rex',
    })
    expect(launch.files[0]?.content).toBe('You are a.\n\nkind')
    expect(launch.argv).toHaveLength(1)
  })

  test.for([[[]], [['']]])('needs a program: %j', async ([program]) => {
    await expect(ndjsonProvider.launch(request({ program: program ?? [] }))).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('ndjson'),
      details: { field: 'program' },
    })
  })

  test('is an error that names the program when it is not there', async () => {
    await expect(
      ndjsonProvider.launch(request({ program: ['no-such-program'] })),
    ).rejects.toMatchObject({ code: 'program_not_found', details: { field: 'program' } })
  })
})
