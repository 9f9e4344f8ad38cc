import { describe, expect, it } from 'vitest'
import { callCli } from '../../test/fixtures/cli-harness.ts'
import { answerJson, startFakeApi, type FakeApi } from '../../test/fixtures/fake-api.ts'
import { DroverError } from '../schema/error.ts'
import type { DaemonStatus } from '../schema/reports.ts'
import type { ReadyNotice, RunningDaemon } from './context.ts'

const agents = [{ name: 'a' }]

function statusOf(folder: string): DaemonStatus {
  return {
    pid: 7,
    version: '0.0.0',
    socket: `${folder}/drover.sock`,
    url: 'http://127.0.0.1:1',
    home: folder,
    instance: 'i',
    host: 'h',
    node: 'v',
    startedAt: 1,
    agents: { total: 1, live: 1 },
    lastSeq: 3,
    recovered: { adopted: 0, finished: 0, orphans: 0, unknown: 0 },
  }
}

/** A daemon with one agent, which says that it went to sleep and is then told to end by `afterwards`. */
async function startApi(afterwards: () => void): Promise<FakeApi> {
  const api: FakeApi = await startFakeApi(({ path }, response) => {
    if (path === '/v1/agents') {
      answerJson(response, agents)
    } else if (path === '/v1/status') {
      answerJson(response, statusOf(api.folder))
    } else {
      const event = {
        seq: 4,
        at: 2,
        type: 'agent.status',
        agent: 'a',
        run: null,
        data: { status: 'asleep' },
      }
      response
        .writeHead(200)
        .write(`id: 4\ndata: ${JSON.stringify(event)}\n\n`, () => setTimeout(afterwards, 50))
    }
  })
  return api
}

function createDaemon(folder: string): RunningDaemon & { stops: number; close(): void } {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const daemon = {
    stops: 0,
    status: () => statusOf(folder),
    closed,
    close: resolve,
    stop: async () => {
      daemon.stops++
      resolve()
    },
  }
  return daemon
}

describe('drover up in the foreground', () => {
  it('prints plain lines, ends the daemon at the first Ctrl-C and says what goes on', async () => {
    await using api = await startApi(() => process.emit('SIGINT'))
    const daemon = createDaemon(api.folder)
    const overrides = { startDaemon: () => Promise.resolve(daemon) }
    const { exitCode, stdout, stderr } = await callCli(['up'], { home: api.folder, overrides })
    expect({ exitCode, stderr, stops: daemon.stops }).toEqual({ exitCode: 0, stderr: '', stops: 1 })
    expect(stdout.split('\n')).toEqual([
      'Drover 0.0.0 is ready: http://127.0.0.1:1 (pid 7)',
      expect.stringMatching(/^\d\d:\d\d:\d\d a asleep$/),
      'The daemon ended. 1 agent goes on running. The next `drover up` adopts what runs.',
      '',
    ])
  })

  it('ends when a client asked the daemon to', async () => {
    await using api = await startApi(() => daemon.close())
    const daemon = createDaemon(api.folder)
    const overrides = { startDaemon: () => Promise.resolve(daemon) }
    const { exitCode, stdout } = await callCli(['up'], { home: api.folder, overrides })
    expect({ exitCode, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      exitCode: 0,
      last: 'The daemon ended.',
    })
  })

  it('tells a waiting parent why it could not start, and prints nothing into the log', async () => {
    const notices: ReadyNotice[] = []
    const overrides = {
      startDaemon: () => Promise.reject(new DroverError('home_locked', 'Another daemon runs.')),
      notifyParent: (notice: ReadyNotice) => void notices.push(notice),
    }
    const result = await callCli(['up'], { home: '/tmp/drover-no-such-home', overrides })
    expect(result).toEqual({ exitCode: 1, stdout: '', stderr: '' })
    expect(notices).toMatchObject([
      { problem: { code: 'home_locked', detail: 'Another daemon runs.' } },
    ])
  })
})
