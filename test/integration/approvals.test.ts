import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import type { Approval } from '../../src/schema/approval.ts'
import type { DroverError } from '../../src/schema/error.ts'
import type { Message } from '../../src/schema/message.ts'
import { RunRequest, type RunRequestInput } from '../../src/schema/requests.ts'
import { resolveHome } from '../../src/util/home.ts'
import { askingProvider } from '../support/asking-provider.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

/** A daemon of this process with an agent whose program asks, on real processes. */
class Stage {
  readonly folder = createTemporaryFolder()
  readonly record = path.join(this.folder, 'told')
  daemon!: Daemon
  /** Added to the machine's clock, ms. */
  aheadMs = 0

  get limit(): { seconds: number; signal: AbortSignal } {
    return { seconds: 20, signal: AbortSignal.timeout(50_000) }
  }

  async up(): Promise<void> {
    this.daemon = await Daemon.start({
      home: resolveHome({ DROVER_HOME: this.folder }),
      env: { PATH: process.env['PATH'] },
      version: '0',
      providers: [askingProvider(this.record)],
      runtimes: [new ProcessRuntime()],
      moveAsideCorrupt: false,
      now: () => Date.now() + this.aheadMs,
    })
  }

  async make(approvals: RunRequestInput['approvals'] = {}, more = {}): Promise<void> {
    const request = { template: 'asking', name: 'a', dir: this.folder, approvals, ...more }
    await this.daemon.agents.create(RunRequest.parse(request))
  }

  async send(id: string, body: string): Promise<void> {
    await this.daemon.mailbox.accept('a', { id, body, from: 'user' })
  }

  async ended(id: string): Promise<Message> {
    return await this.daemon.mailbox.await(id, this.limit)
  }

  list(state?: Approval['state']): Approval[] {
    return this.daemon.approvals.list({ state, limit: 100 })
  }

  /** The one open question, once it is asked. */
  async asked(): Promise<Approval> {
    await waitFor('a question', () => this.list('open').length === 1)
    return this.list('open')[0]!
  }

  decide(id: string, isAllowed: boolean, message?: string): Approval {
    const more = message === undefined ? {} : { message }
    return this.daemon.approvals.decide(id, { isAllowed, by: 'user', forSession: false, ...more })
  }

  status(): string {
    return this.daemon.agents.show('a').status
  }

  async down(): Promise<void> {
    await waitFor('its run to be over', () => this.daemon.agents.show('a').run === null)
  }

  /** Answers that programs were given, in order. */
  told(): Record<string, unknown>[] {
    return readFileSync(this.record, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"answer"'))
      .map((line) => JSON.parse(line.slice(line.indexOf(' '))) as Record<string, unknown>)
  }

  /** What happened to questions: types, and what is told with them. */
  trail(): (string | undefined)[][] {
    return this.daemon.context.store.events
      .after(0)
      .events.filter(({ type }) => type.startsWith('approval.'))
      .map(({ type, json }) => {
        const { state, by } = JSON.parse(json) as Record<string, string>
        return type === 'approval.decided' ? [type, state, by] : [type]
      })
  }

  async end(): Promise<void> {
    if (this.daemon.agents.list(true).length > 0) {
      await this.daemon.agents.remove('a', true, this.limit)
    }
    await this.daemon.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

let stage: Stage
beforeEach(async () => {
  stage = new Stage()
  writeFileSync(stage.record, '')
  await stage.up()
})
afterEach(async () => {
  await stage.end()
})

/** The code of the error that a call throws. */
function codeOf(call: () => unknown): string {
  try {
    call()
    return 'none'
  } catch (error) {
    return (error as DroverError).code
  }
}

describe('a question', () => {
  test('is on record with what, risk and deadline; its agent waits, and says for what', async () => {
    await stage.make()
    await stage.send('m1', 'ask Bash git push')
    const approval = await stage.asked()
    expect(approval).toMatchObject({
      agent: 'a',
      tool: 'Bash',
      input: { command: 'git push' },
      title: 'git push',
      risk: 'high',
      state: 'open',
      dueAt: approval.askedAt + 3_600_000,
    })
    expect(stage.daemon.agents.show('a')).toMatchObject({
      status: 'waiting',
      questions: 1,
      cause: 'asks: git push',
    })
    expect(stage.daemon.mailbox.show('m1').state).toBe('accepted')
    expect(stage.told()).toEqual([])
  })

  test('that is allowed goes to its program, which goes on', async () => {
    await stage.make()
    await stage.send('m1', 'ask Bash git push')
    const { id } = await stage.asked()
    expect(stage.decide(id, true)).toMatchObject({ state: 'allowed', by: 'user', messageId: null })
    expect(await stage.ended('m1')).toMatchObject({ state: 'done', reply: 'did git push' })
    expect(stage.told()).toEqual([
      { answer: 'q1', reply: { of: 'q1' }, isAllowed: true, isForSession: false, message: null },
    ])
    expect(stage.trail()).toEqual([['approval.asked'], ['approval.decided', 'allowed', 'user']])
    expect(stage.status()).toBe('idle')
  })

  test('that is denied says why', async () => {
    await stage.make()
    await stage.send('m1', 'ask Bash git push')
    stage.decide((await stage.asked()).id, false, 'not today')
    expect((await stage.ended('m1')).reply).toBe('did not git push (not today)')
  })

  test('that is asked again while it is open is one record with one answer', async () => {
    await stage.make()
    await stage.send('m1', 'twice Bash make')
    const { id } = await stage.asked()
    await stage.send('m2', 'ask Bash ls')
    stage.decide(id, true)
    await waitFor('the answer', () => stage.told().length > 0)
    expect(stage.list().map(({ title }) => title)).toEqual(['make'])
    expect(stage.told()).toHaveLength(1)
  })

  test('that is asked again after its answer is one record, and has the same answer again', async () => {
    await stage.make({ mode: 'allow' })
    await stage.send('m1', 'twice Bash make')
    expect((await stage.ended('m1')).reply).toBe('did make, did make')
    expect(stage.list()).toHaveLength(1)
    expect(stage.trail()).toEqual([['approval.asked'], ['approval.decided', 'allowed', 'policy']])
  })

  test('that comes under the id of another has no answer of that one, and is denied', async () => {
    await stage.make({ mode: 'allow' })
    await stage.send('m1', 'reuse Bash ls')
    expect((await stage.ended('m1')).reply).toBe(
      'did ls, did not ls and more (its id was used for another question before)',
    )
    expect(stage.list()).toMatchObject([{ title: 'ls', state: 'allowed' }])
  })

  test('that its program takes back is withdrawn, and nobody may answer it', async () => {
    await stage.make()
    await stage.send('m1', 'close Bash ls')
    expect((await stage.ended('m1')).reply).toBe('went on')
    const [approval] = stage.list()
    expect(approval).toMatchObject({ state: 'withdrawn', cause: 'its program asks no more' })
    expect(codeOf(() => stage.decide(approval!.id, true))).toBe('conflict')
    expect(stage.trail()).toEqual([['approval.asked'], ['approval.withdrawn']])
    expect(stage.status()).toBe('idle')
  })

  test('is answered once: the same again changes nothing, another is a conflict that names who decided', async () => {
    await stage.make()
    await stage.send('m1', 'ask Bash ls')
    const { id } = await stage.asked()
    const first = stage.decide(id, true)
    expect(stage.decide(id, true)).toEqual(first)
    expect(() => stage.decide(id, false)).toThrow(/was allowed by user at 20/)
    expect(codeOf(() => stage.decide('apr_none', true))).toBe('approval_not_found')
    await stage.ended('m1')
    expect(stage.told()).toHaveLength(1)
  })

  test('keeps its agent from sleep, however long it takes and whoever asks for it', async () => {
    const lifecycle = { idleMs: 1000, maxAgeMs: 1000, readyMs: 1000 }
    await stage.make({ timeoutMs: 0 }, { lifecycle })
    await stage.send('m1', 'ask Bash ls')
    const { id } = await stage.asked()
    stage.aheadMs = 86_400_000
    await stage.daemon.reconcile()
    // Nor is it looked at as one that may be wedged.
    expect(stage.daemon.context.store.runs.listWorking()).toEqual([])
    const asleep = stage.daemon.verbs.sleep('a', { seconds: 0, signal: stage.limit.signal })
    expect((await asleep).status).toBe('waiting')
    expect(stage.decide(id, true).dueAt).toBeNull()
    expect((await stage.ended('m1')).reply).toBe('did ls')
    await stage.down()
  })
})

describe('a policy', () => {
  test.for<[string, NonNullable<RunRequestInput['approvals']>, string, string, string]>([
    ['mode allow', { mode: 'allow' }, 'Bash rm -r x', 'did rm -r x', 'its mode is allow'],
    [
      'mode deny',
      { mode: 'deny' },
      'Bash ls',
      'did not ls (denied by the policy of this agent: its mode is deny)',
      'its mode is deny',
    ],
    [
      'a rule that allows',
      { rules: [{ tool: 'Bash', input: 'git *', mode: 'allow' }] },
      'Bash git log',
      'did git log',
      'rule 1, Bash(git *)',
    ],
    [
      'the first rule that holds',
      {
        mode: 'allow',
        rules: [
          { tool: 'Edit', dir: 'in', mode: 'deny' },
          { tool: '*', mode: 'allow' },
        ],
      },
      'Edit in/x',
      'did not in/x (denied by the policy of this agent: rule 1, Edit@in)',
      'rule 1, Edit@in',
    ],
  ])('of %s answers at once', async ([, approvals, what, reply, cause]) => {
    await stage.make(approvals)
    await stage.send('m1', `ask ${what}`)
    expect((await stage.ended('m1')).reply).toBe(reply)
    expect(stage.list()).toMatchObject([{ by: 'policy', cause }])
    expect(stage.trail().map(([type]) => type)).toEqual(['approval.asked', 'approval.decided'])
  })

  test('asks a person about what no rule allows', async () => {
    await stage.make({ rules: [{ tool: 'Bash', input: 'git *', mode: 'allow' }] })
    await stage.send('m1', 'ask Bash git log; rm x')
    stage.decide((await stage.asked()).id, false)
    await stage.ended('m1')
  })

  test('follows links: a folder that is led out of is not inside', async () => {
    symlinkSync('/etc', path.join(stage.folder, 'way'))
    await stage.make({ mode: 'deny', rules: [{ tool: 'Edit', dir: '.', mode: 'allow' }] })
    for (const [index, [what, did]] of [
      ['file', 'did'],
      ['new/folder/../file', 'did'],
      ['way/passwd', 'did not'],
      ['way/../file', 'did not'],
      ['../file', 'did not'],
      ['/etc/passwd', 'did not'],
    ].entries()) {
      await stage.send(`m${index}`, `ask Edit ${what}`)
      expect((await stage.ended(`m${index}`)).reply, what).toMatch(new RegExp(`^${did} ${what}`))
    }
  })

  test('that can not be evaluated denies', async () => {
    symlinkSync('nowhere', path.join(stage.folder, 'broken'))
    await stage.make({ mode: 'allow', rules: [{ tool: 'Edit', dir: '.', mode: 'allow' }] })
    await stage.send('m1', 'ask Edit broken/file')
    expect((await stage.ended('m1')).reply).toMatch(/^did not .*can't be evaluated/)
  })

  test('of a template is under that of the request: its rules come after, the rest where nothing is said', async () => {
    const { templatesFolder } = stage.daemon.context.home
    mkdirSync(templatesFolder, { recursive: true })
    writeFileSync(
      path.join(templatesFolder, 'careful.yaml'),
      [
        'provider: asking',
        'approvals:',
        '  mode: deny',
        '  timeoutMs: 5000',
        '  rules:',
        '    - { tool: Bash, input: "git *", mode: allow }',
      ].join('\n'),
    )
    const rules = [{ tool: 'Bash', input: 'git push*', mode: 'ask' as const }]
    await stage.make({ rules, timeoutMs: 9000 }, { template: 'careful' })
    expect(stage.daemon.agents.show('a').spec.approvals).toEqual({
      mode: 'deny',
      timeoutMs: 9000,
      rules: [...rules, { tool: 'Bash', input: 'git *', mode: 'allow' }],
    })
    await stage.send('m1', 'ask Bash git push')
    stage.decide((await stage.asked()).id, true)
    expect((await stage.ended('m1')).reply).toBe('did git push')
  })

  test('of a program that asks nobody is an error that names it', async () => {
    const { providers } = stage.daemon.context
    const plain = providers.get('asking')!
    const spoiled = { ...plain, capabilities: { ...plain.capabilities, approvals: false } }
    Object.assign(stage.daemon.context, { providers: new Map([['asking', spoiled]]) })
    await expect(stage.make({ mode: 'allow' })).rejects.toMatchObject({
      code: 'unsupported',
      details: { field: 'approvals.mode' },
    })
  })
})

describe('a question that nobody answers', () => {
  test('is denied at its deadline, and not before', async () => {
    await stage.make({ timeoutMs: 1000 })
    await stage.send('m1', 'ask Bash ls')
    expect((await stage.ended('m1')).reply).toBe('did not ls (nobody answered within 1 s)')
    const [approval] = stage.list()
    expect(approval).toMatchObject({ state: 'expired', by: 'drover' })
    expect(approval!.decidedAt).toBeGreaterThanOrEqual(approval!.dueAt ?? 0)
    expect(stage.decide(approval!.id, false)).toEqual(approval)
    expect(() => stage.decide(approval!.id, true)).toThrow(/was expired by drover/)
  })

  test('is denied when the next daemon comes, though its run is over; nobody is woken for that', async () => {
    await stage.make({ timeoutMs: 60_000 })
    await stage.send('m1', 'leave Bash ls')
    await stage.ended('m1')
    await stage.down()
    await stage.daemon.stop()
    stage.aheadMs = 61_000
    await stage.up()
    await waitFor('its end', () => stage.list('expired').length === 1)
    expect(stage.list()).toMatchObject([{ cause: 'nobody answered within 1 min', messageId: null }])
    expect(stage.daemon.mailbox.list('a', 10).map(({ id }) => id)).toEqual(['m1'])
    expect(stage.status()).toBe('asleep')
  })
})

describe('a question whose run is over', () => {
  test('stays open; its answer goes to the agent as a message, and what it then asks again is allowed once', async () => {
    await stage.make()
    await stage.send('m1', 'leave Bash git push')
    expect((await stage.ended('m1')).state).toBe('failed')
    await stage.down()
    expect(stage.daemon.agents.show('a')).toMatchObject({ questions: 1, status: 'asleep' })
    const { id } = await stage.asked()
    expect(stage.decide(id, true, 'but carefully')).toMatchObject({
      state: 'allowed',
      messageId: `approval:${id}`,
    })
    const message = await stage.ended(`approval:${id}`)
    expect(message).toMatchObject({ from: 'drover', state: 'done' })
    expect(message.body).toContain('You asked to use Bash: git push\nThe answer of user: allowed.')
    expect(message.body).toContain('They say: but carefully')
    expect(message.reply).toBe('did git push (but carefully)')
    expect(stage.list().slice(1)).toMatchObject([
      { state: 'allowed', by: 'user', cause: `answered before, as ${id}` },
    ])
    // Once only.
    await stage.send('m2', 'ask Bash git push')
    stage.decide((await stage.asked()).id, false)
    expect((await stage.ended('m2')).reply).toBe('did not git push')
  })

  test('is superseded when the next run asks for the very same', async () => {
    await stage.make()
    await stage.send('m1', 'leave Bash ls')
    await stage.ended('m1')
    await stage.send('m2', 'ask Bash ls')
    await waitFor('the second', () => stage.list().length === 2)
    const [old, next] = stage.list()
    expect(old).toMatchObject({ state: 'withdrawn', cause: `it was asked again, as ${next!.id}` })
    stage.decide(next!.id, true)
    expect((await stage.ended('m2')).reply).toBe('did ls')
  })

  test('is not superseded by another question', async () => {
    await stage.make()
    await stage.send('m1', 'leave Bash ls')
    await stage.ended('m1')
    await stage.send('m2', 'ask Bash ls -l')
    await waitFor('the second', () => stage.list('open').length === 2)
  })

  test('can not be allowed while its agent is stopped; it can be denied, which tells nobody', async () => {
    await stage.make()
    await stage.send('m1', 'ask Bash ls')
    const { id } = await stage.asked()
    await stage.daemon.verbs.stop('a', stage.limit)
    expect(stage.status()).toBe('stopped')
    expect(codeOf(() => stage.decide(id, true))).toBe('agent_stopped')
    expect(stage.daemon.approvals.show(id).state).toBe('open')
    expect(stage.decide(id, false)).toMatchObject({ state: 'denied', messageId: null })
    expect(stage.daemon.mailbox.list('a', 10)).toHaveLength(1)
  })

  test('is withdrawn when its agent is removed, and stays on record', async () => {
    await stage.make()
    await stage.send('m1', 'ask Bash ls')
    const { id } = await stage.asked()
    await stage.daemon.agents.remove('a', true, stage.limit)
    expect(stage.daemon.approvals.show(id)).toMatchObject({
      agent: 'a',
      state: 'withdrawn',
      cause: 'its agent was removed',
    })
    expect(codeOf(() => stage.decide(id, true))).toBe('conflict')
    expect(stage.trail()).toEqual([['approval.asked'], ['approval.withdrawn']])
  })
})

test('a program that can not be told the answer is ended: it would wait for ever', async () => {
  await stage.make()
  await stage.send('m1', 'ask Mute ls')
  stage.decide((await stage.asked()).id, true)
  expect(await stage.ended('m1')).toMatchObject({ state: 'failed' })
  await stage.down()
  expect(stage.daemon.agents.show('a').lastRun?.cause).toBe(
    'its question could not be answered: nobody can say this',
  )
})
