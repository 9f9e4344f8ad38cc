import { expect, test } from 'vitest'
import { callCli } from '../../test/fixtures/cli-harness.ts'
import { answerError, answerJson, startFakeApi } from '../../test/fixtures/fake-api.ts'
import { shownAgent, shownMessage } from '../../test/fixtures/shown-agent.ts'
import { DroverError } from '../schema/error.ts'

/** A title of the terminal, a screen erased in 8 bits, a return and a bell. */
const words = (name: string): string => `\u001b]0;x\u001b\\${name}\u009b2J\r\u0007`

const agent = shownAgent({
  name: 'a',
  status: 'failed',
  cause: words('cause'),
  model: words('model'),
  label: words('label'),
  session: words('session'),
  dir: words('/dir'),
  tags: [words('tag')],
})
const message = shownMessage({
  from: 'b',
  body: words('body'),
  state: 'failed',
  cause: words('cause'),
  reply: words('reply'),
})
const question = `apr_${'0'.repeat(22)}`
const approval = {
  id: question,
  agent: 'a',
  run: 'run_1',
  tool: words('tool'),
  title: words('title'),
  input: words('input'),
  reason: words('reason'),
  risk: 'high',
  state: 'open',
  by: null,
  cause: null,
  message: words('said'),
  messageId: null,
  isForSession: false,
  askedAt: 0,
  dueAt: null,
  decidedAt: null,
}
const worktree = {
  agent: 'a',
  hasAgent: true,
  standing: 'kept',
  branch: words('branch'),
  folder: words('/folder'),
  repository: words('/repository'),
  cause: words('cause'),
  isRemoved: false,
  uncommitted: null,
  unpushed: null,
}
const event = {
  seq: 1,
  at: 0,
  agent: 'a',
  run: 'run_1',
  type: 'text',
  data: { text: words('text') },
}

test.for<[argv: string[], answers: Record<string, unknown>]>([
  [['ps'], { '/v1/agents': [agent] }],
  [['ps', '--json'], { '/v1/agents': [agent] }],
  [['show', 'a'], { '/v1/agents/a': agent, '/v1/agents/a/messages': [message] }],
  [['show', 'a', '--json'], { '/v1/agents/a': agent }],
  [['stop', 'a'], { '/v1/agents/a/stop': agent }],
  [['approvals'], { '/v1/approvals': [approval] }],
  [['approvals', question], { [`/v1/approvals/${question}`]: approval }],
  [['approve', question], { [`/v1/approvals/${question}/approve`]: approval }],
  [['worktree', 'ls'], { '/v1/worktrees': [worktree] }],
  [['rm', 'a'], { '/v1/agents/a': { schedules: [], worktree } }],
  [['events'], { '/v1/events': event }],
  [['events', '--json'], { '/v1/events': event }],
])('drover %s shows what an agent made without what a terminal obeys', async ([argv, answers]) => {
  await using api = await startFakeApi(({ path }, response) => {
    const answer = answers[path]
    if (answer === undefined) {
      return answerError(response, new DroverError('internal', words('nothing')))
    }
    if (path === '/v1/events') {
      return void response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`id: 1\ndata: ${JSON.stringify(answer)}\n\n`)
    }
    answerJson(response, answer)
  })
  const { stdout, stderr } = await callCli(argv, {
    home: api.folder,
    isTerminal: true,
    columns: 400,
  })
  expect(stdout).not.toBe('')
  const ours = /\u001b\[\d*m/g
  expect((stdout + stderr).replace(ours, '')).not.toMatch(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/,
  )
})

test.for([
  ['show', 'a'],
  ['show', 'a', '--json'],
])('drover %s tells of an error without what a terminal obeys', async (argv) => {
  await using api = await startFakeApi((_, response) =>
    answerError(response, new DroverError('internal', words('cause'))),
  )
  const { stderr } = await callCli(argv, { home: api.folder, isTerminal: true })
  expect(stderr).toContain('cause')
  expect(stderr.replace(/\u001b\[\d*m/g, '')).not.toMatch(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/,
  )
})
