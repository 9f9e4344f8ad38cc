import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AgentSpec } from '../../schema/agent.ts'
import type { LaunchRequest } from '../contract.ts'
import { commandProvider } from './index.ts'

const request = (program: string[]): LaunchRequest => ({
  env: { PATH: '/usr/bin:/bin' },
  programPath: null,
  upstreams: {},
  signal: new AbortController().signal,
  agent: { id: 'agent_1', name: 'a' },
  spec: AgentSpec.parse({ provider: 'command', runtime: 'process', dir: '/', program }),
  resume: null,
  newSession: 'session',
  isFork: false,
  systemPrompt: null,
  stateFolder: '/state',
  runFolder: '/run',
})

describe('a launch of a command', () => {
  test('finds the program, and passes the rest as it is', async () => {
    const { argv } = await commandProvider.launch(request(['sh', '-c', 'echo "$@"', '', '--flag']))
    expect(argv[0]).toMatch(/^\/(usr\/)?bin\/sh$/)
    expect(argv.slice(1)).toEqual(['-c', 'echo "$@"', '', '--flag'])
  })

  test.for([[[]], [['']]])('needs a program: %j', async ([program]) => {
    await expect(commandProvider.launch(request(program ?? []))).rejects.toMatchObject({
      code: 'invalid_request',
      details: { field: 'program' },
    })
  })

  test.for(['no-such-program', './no/such', '/'])(
    'is an error that names the program when it is not there: %s',
    async (program) => {
      await expect(commandProvider.launch(request([program]))).rejects.toMatchObject({
        code: 'program_not_found',
        details: { field: 'program', program },
      })
    },
  )
})

test('a message is its text, with one newline at its end', () => {
  fc.assert(
    fc.property(fc.string(), (body) => {
      const bytes = commandProvider.encode({ id: 'm', from: 'user', body }, null)
      expect([body, `${body}\n`]).toContain(bytes)
      expect(bytes.endsWith('\n')).toBe(true)
    }),
  )
})
