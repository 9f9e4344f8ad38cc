import { describe, expect, test } from 'vitest'
import { checkAccess, type Access, type Caller } from './access.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'

const owner: Caller = { kind: 'owner' }
const anyone: Caller = { kind: 'anyone' }
const agent: Caller = { kind: 'agent', id: 'agent_1', name: 'guide', firstSeq: 0, createdAt: 0 }

/** What the check says of a route below `/v1/agents/{name}`. */
function checked(caller: Caller, access: Access | undefined, name?: string): string {
  const route = { method: 'get', path: '/v1/agents/{name}/x', ...(access ? { access } : {}) }
  try {
    checkAccess(caller, route, name)
    return 'ok'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('access', () => {
  test.for<[Access | undefined, asAnyone: string, ofItself: string, ofAnother: string]>([
    [undefined, 'unauthorized', 'forbidden', 'forbidden'],
    ['owner', 'unauthorized', 'forbidden', 'forbidden'],
    ['agent-self', 'unauthorized', 'ok', 'forbidden'],
    ['visitor', 'unauthorized', 'ok', 'forbidden'],
    ['agent', 'unauthorized', 'ok', 'ok'],
    ['anyone', 'ok', 'ok', 'ok'],
  ])('%s: without a token %s, an agent of itself %s, of another %s', ([access, ...said]) => {
    expect([
      checked(anyone, access, 'guide'),
      checked(agent, access, 'guide'),
      checked(agent, access, 'other'),
    ]).toEqual(said)
    expect(checked(owner, access, 'other')).toBe('ok')
  })

  test.for([undefined, '', 'Guide', 'guide ', 'guide/..'])('%j is not the agent itself', (name) => {
    expect(checked(agent, 'agent-self', name)).toBe('forbidden')
  })

  test('a ticket opens what is for visitors of its agent, and nothing else', () => {
    const visitor: Caller = { kind: 'visitor', id: 'agent_1', name: 'guide', isReadOnly: false }
    const said = ([undefined, 'owner', 'agent-self', 'agent', 'visitor'] as const).map((access) =>
      checked(visitor, access, 'guide'),
    )
    expect(said).toEqual([...Array<string>(4).fill('unauthorized'), 'ok'])
    expect(checked(visitor, 'visitor', 'other')).toBe('unauthorized')
  })

  test('a refusal names the route and the field', () => {
    const route = { method: 'post', path: '/v1/shutdown' }
    expect(() => checkAccess(agent, route, undefined)).toThrow(
      "Authorization: an agent's token does not open POST /v1/shutdown.",
    )
    const logs = { method: 'get', path: '/v1/agents/{name}/logs', access: 'agent-self' } as const
    expect(() => checkAccess(agent, logs, 'other')).toThrow(
      'name: guide may ask GET /v1/agents/{name}/logs of itself only, not of "other".',
    )
  })
})

test('nothing is open but what is written here: a route that an agent may ask is added by hand', () => {
  const open = Object.entries<Route>(routes).flatMap(([id, { access = 'owner' }]) =>
    access === 'owner' ? [] : [[id, access]],
  )
  expect(Object.fromEntries(open)).toEqual({
    listAgents: 'agent',
    getAgent: 'agent-self',
    explainAgent: 'agent-self',
    getPrompt: 'agent-self',
    getWorktree: 'agent-self',
    newAgent: 'agent-self',
    sleepAgent: 'agent-self',
    sendMessage: 'agent',
    listMessages: 'agent-self',
    getMessage: 'agent',
    readLogs: 'agent-self',
    openTerminal: 'visitor',
    getScreen: 'agent-self',
    followEvents: 'agent',
    listApprovals: 'agent',
    getApproval: 'agent',
    listGuests: 'agent',
    getGuest: 'agent',
    openGuestTerminal: 'agent',
    getHealth: 'anyone',
    getOpenapi: 'agent',
  })
})

test('a route that is about oneself has a name to tell by', () => {
  const own = Object.values<Route>(routes).filter(({ access }) => access === 'agent-self')
  expect(own.filter(({ path }) => !path.includes('/{name}'))).toEqual([])
})
