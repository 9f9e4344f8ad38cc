import { Agent } from '../schema/agent.ts'
import { Interrupted, Reloaded } from '../schema/reports.ts'
import {
  AgentParams,
  ReloadRequest,
  SleepRequest,
  StartRequest,
  WaitQuery,
  WakeRequest,
} from '../schema/requests.ts'
import { ok } from './ok-response.ts'
import { defineRoute } from './route.ts'

/** What people ask of an agent that is there, as data. */
export const verbRoutes = {
  wakeAgent: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/wake',
    summary: 'Bring an agent up; in another runtime, if one is named.',
    params: AgentParams,
    query: WaitQuery,
    body: WakeRequest,
    response: ok('The agent', Agent),
  }),
  sleepAgent: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/sleep',
    access: 'agent-self',
    summary:
      'End its run when its turn is over, or suspend it where it is made so; its session stays.',
    params: AgentParams,
    query: WaitQuery,
    body: SleepRequest,
    response: ok('The agent', Agent),
  }),
  stopAgent: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/stop',
    summary: 'End its run and refuse messages until `start`.',
    params: AgentParams,
    query: WaitQuery,
    response: ok('The agent', Agent),
  }),
  startAgent: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/start',
    summary: 'Take messages again, and bring it up; in another runtime, if one is named.',
    params: AgentParams,
    query: WaitQuery,
    body: StartRequest,
    response: ok('The agent', Agent),
  }),
  newAgent: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/new',
    summary: 'End its session at the turn boundary and begin a fresh one.',
    access: 'agent-self',
    params: AgentParams,
    query: WaitQuery,
    response: ok('The agent', Agent),
  }),
  interruptAgent: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/interrupt',
    summary: 'End the turn it is in; its program stays, and what waits is next.',
    params: AgentParams,
    query: WaitQuery,
    response: ok('What it did', Interrupted),
  }),
  reloadAgent: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/reload',
    summary:
      'Change its model, persona or trigger: at once where its program can, else at the turn boundary.',
    params: AgentParams,
    body: ReloadRequest,
    response: ok('When the change counts', Reloaded),
  }),
  restartAgent: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/restart',
    summary: 'End its run and bring it up again; its session stays.',
    params: AgentParams,
    query: WaitQuery,
    response: ok('The agent', Agent),
  }),
}
