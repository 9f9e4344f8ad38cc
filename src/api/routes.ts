import { z } from 'zod'
import { Agent, AgentDetail, Peer } from '../schema/agent.ts'
import { Message } from '../schema/message.ts'
import {
  Accepted,
  DaemonStatus,
  DoctorReport,
  ReconcileReport,
  Removed,
  Usability,
} from '../schema/reports.ts'
import {
  AgentParams,
  ListQuery,
  LogsQuery,
  MessageParams,
  RemoveQuery,
  RunRequest,
  SendRequest,
  StatsQuery,
  WaitQuery,
} from '../schema/requests.ts'
import { Template, TemplateSummary } from '../schema/template.ts'
import { Why } from '../schema/why.ts'
import { approvalRoutes } from './approval-routes.ts'
import { boxRoutes } from './box-routes.ts'
import { costRoutes } from './cost-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { guestRoutes } from './guest-routes.ts'
import { imageRoutes } from './image-routes.ts'
import { defineRoute } from './route.ts'
import { ok } from './ok-response.ts'
import { scheduleRoutes } from './schedule-routes.ts'
import { terminalRoutes } from './terminal-routes.ts'
import { verbRoutes } from './verb-routes.ts'
import { workspaceRoutes } from './workspace-routes.ts'

/** Every route of the API, as data. */
export const routes = {
  getStatus: defineRoute({
    method: 'get',
    path: '/v1/status',
    summary: 'The daemon: where it is, what it found at its start.',
    response: ok('Status', DaemonStatus),
  }),
  listAgents: defineRoute({
    method: 'get',
    path: '/v1/agents',
    access: 'agent',
    summary:
      'Agents that live or sleep; with `all` also stopped and failed ones. An agent is told no more than name, status, provider, template, label and capabilities of each.',
    query: ListQuery,
    response: ok('Agents by name', z.array(z.union([Agent, Peer]))),
  }),
  createAgent: defineRoute({
    method: 'post',
    path: '/v1/agents',
    summary: 'Make an agent from a template or provider, and start it.',
    query: WaitQuery,
    body: RunRequest,
    response: {
      status: 201,
      description: 'The agent, its first message, and what there is to say of its making',
      schema: Agent.extend({ message: Message.nullable(), notes: z.array(z.string()) }),
    },
  }),
  getAgent: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}',
    access: 'agent-self',
    summary: 'One agent with its spec.',
    params: AgentParams,
    query: StatsQuery,
    response: ok('The agent', AgentDetail),
  }),
  ...workspaceRoutes,
  ...imageRoutes,
  explainAgent: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/why',
    access: 'agent-self',
    summary: 'Why an agent is as it is: what keeps it so, where its messages are, what comes next.',
    params: AgentParams,
    response: ok('What there is to say', Why),
  }),
  removeAgent: defineRoute({
    method: 'delete',
    path: '/v1/agents/{name}',
    summary:
      'Remove an agent for good, with its schedules; one with a live run only with `force`. A worktree of which something would be lost is kept.',
    params: AgentParams,
    query: RemoveQuery,
    response: ok('Removed', Removed),
  }),
  ...verbRoutes,
  sendMessage: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/messages',
    access: 'agent',
    summary:
      'Write to an agent; on disk when this answers. A sleeping one wakes. An agent writes as itself.',
    params: AgentParams,
    query: WaitQuery,
    body: SendRequest,
    response: ok('The message with its receipt', Message),
  }),
  listMessages: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/messages',
    access: 'agent-self',
    summary: 'The newest messages of an agent, oldest first.',
    params: AgentParams,
    query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
    response: ok('Messages', z.array(Message)),
  }),
  getMessage: defineRoute({
    method: 'get',
    path: '/v1/messages/{id}',
    access: 'agent',
    summary:
      'A message with its receipt; with `wait` once it is final. An agent reads those it sent or was sent.',
    params: MessageParams,
    query: WaitQuery,
    response: ok('The message', Message),
  }),
  readLogs: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/logs',
    access: 'agent-self',
    summary: 'What an agent said.',
    params: AgentParams,
    query: LogsQuery,
    response: {
      status: 200,
      description: 'Lines of text, LogEntry objects one a line, or raw bytes',
      contentType: 'text/plain',
    },
  }),
  ...approvalRoutes,
  ...costRoutes,
  ...eventRoutes,
  ...terminalRoutes,
  ...boxRoutes,
  ...guestRoutes,
  ...scheduleRoutes,
  listTemplates: defineRoute({
    method: 'get',
    path: '/v1/templates',
    summary: 'Templates and providers that agents are made from.',
    response: ok('Templates', z.array(TemplateSummary)),
  }),
  getTemplate: defineRoute({
    method: 'get',
    path: '/v1/templates/{name}',
    summary: 'One template, as written and as read.',
    params: AgentParams,
    response: ok(
      'The template',
      z.object({
        template: Template,
        source: TemplateSummary.shape.source,
        path: z.string().nullable(),
        text: z.string(),
      }),
    ),
  }),
  listProviders: defineRoute({
    method: 'get',
    path: '/v1/providers',
    summary: 'Agent programs, and whether each is usable here.',
    response: ok('Providers', z.array(Usability)),
  }),
  listRuntimes: defineRoute({
    method: 'get',
    path: '/v1/runtimes',
    summary: 'Isolation backends, and whether each is usable here.',
    response: ok('Runtimes', z.array(Usability)),
  }),
  listHosts: defineRoute({
    method: 'get',
    path: '/v1/hosts',
    summary: 'Machines of the fleet.',
    response: ok(
      'Hosts',
      z.array(
        z.object({
          name: z.string(),
          isLocal: z.boolean(),
          version: z.string(),
          agents: z.number().int(),
        }),
      ),
    ),
  }),
  getDoctor: defineRoute({
    method: 'get',
    path: '/v1/doctor',
    summary: 'What is usable on this machine, and how to get the rest.',
    response: ok('Checks', DoctorReport),
  }),
  reconcile: defineRoute({
    method: 'post',
    path: '/v1/reconcile',
    summary: 'Look at every run anew, and end what goes on for none.',
    response: ok('What was found', ReconcileReport),
  }),
  shutDown: defineRoute({
    method: 'post',
    path: '/v1/shutdown',
    summary: 'End the daemon; with `agents` end their runs and guests first.',
    body: z.strictObject({ agents: z.boolean().default(false) }),
    response: ok('Ending', Accepted),
  }),
  getHealth: defineRoute({
    method: 'get',
    path: '/healthz',
    access: 'anyone',
    summary: 'Answers while the daemon is at work; needs no token.',
    response: { status: 200, description: 'ok', contentType: 'text/plain' },
  }),
  getMetrics: defineRoute({
    method: 'get',
    path: '/metrics',
    summary: 'Counts for Prometheus.',
    response: { status: 200, description: 'Prometheus text format', contentType: 'text/plain' },
  }),
  getOpenapi: defineRoute({
    method: 'get',
    path: '/openapi.json',
    access: 'agent',
    summary: 'This description.',
    response: { status: 200, description: 'OpenAPI 3.1', contentType: 'application/json' },
  }),
} as const
