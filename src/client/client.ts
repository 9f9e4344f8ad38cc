import type { Agent, AgentDetail, Peer } from '../schema/agent.ts'
import type { Event, LogEntry } from '../schema/event.ts'
import type { Message } from '../schema/message.ts'
import type {
  DaemonStatus,
  DoctorReport,
  Interrupted,
  PromptReport,
  ReconcileReport,
  Reloaded,
  Removed,
  Usability,
} from '../schema/reports.ts'
import type { ReloadRequest, RunRequestInput, SendRequestInput } from '../schema/requests.ts'
import type { TemplateSummary } from '../schema/template.ts'
import type { Screen, TerminalTicket, TicketRequest } from '../schema/terminal.ts'
import type { Why } from '../schema/why.ts'
import {
  agentPath,
  listQuery,
  withDeadline,
  type CallOptions,
  type ListOptions,
  type WaitOptions,
} from './call-options.ts'
import { ApprovalClient } from './approval-client.ts'
import { BoxClient } from './box-client.ts'
import {
  openAttachStream,
  openEventStream,
  type AttachOptions,
  type EventsOptions,
} from './event-stream.ts'
import { logsPath, openLogStream, type LogOptions } from './log-stream.ts'
import type { Body, ResumingStream } from './resuming-stream.ts'
import type { TerminalOptions, TerminalStream } from './terminal-stream.ts'
import { waitForMessage, type MessageWait } from './wait-for-message.ts'
import { ScheduleClient } from './schedule-client.ts'
import { CostClient } from './cost-client.ts'
import { GuestClient } from './guest-client.ts'
import { ImageClient } from './image-client.ts'
import { Transport, type Call, type Target } from './transport.ts'
import type {
  AgentVerb,
  ChangeOptions,
  LogBytesOptions,
  StartedAgent,
  TemplateDetail,
} from './client-types.ts'
import { WorktreeClient } from './worktree-client.ts'

/**
 * Typed client of one daemon. Every method throws a DroverError with a code of the table:
 * what the daemon refused with, `daemon_unreachable`, or `timeout`; or the reason of an aborted signal.
 */
export class Client {
  readonly schedules: ScheduleClient
  readonly approvals: ApprovalClient
  readonly boxes: BoxClient
  readonly costs: CostClient
  readonly worktrees: WorktreeClient
  readonly guests: GuestClient
  readonly images: ImageClient
  readonly #transport: Transport

  constructor(target: Target) {
    this.#transport = new Transport(target)
    this.schedules = new ScheduleClient(this.#transport)
    this.approvals = new ApprovalClient(this.#transport)
    this.boxes = new BoxClient(this.#transport)
    this.costs = new CostClient(this.#transport)
    this.worktrees = new WorktreeClient(this.#transport)
    this.guests = new GuestClient(this.#transport)
    this.images = new ImageClient(this.#transport)
  }

  status(options?: CallOptions): Promise<DaemonStatus> {
    return this.#get('/v1/status', options)
  }

  /** Makes an agent and starts it; without a template, the agent of the folder begins a fresh session. */
  run(request: RunRequestInput, options?: WaitOptions): Promise<StartedAgent> {
    return this.#post('/v1/agents', request, options)
  }

  /** Live and sleeping agents; with `all` also stopped and failed ones. With an agent's token, see `peers`. */
  list(options: ListOptions = {}): Promise<Agent[]> {
    return this.#get('/v1/agents', options, listQuery(options))
  }

  /** The same, with what an agent's token opens of them. */
  peers(options?: ListOptions): Promise<Peer[]> {
    return this.list(options)
  }

  /** The same, as the bytes of one JSON array. */
  listBody(options: ListOptions = {}): Promise<Body> {
    const call = { method: 'GET', path: '/v1/agents', query: listQuery(options) } as const
    return this.#transport.open({ ...call, ...withDeadline(options) })
  }

  show(name: string, options: CallOptions & { stats?: boolean } = {}): Promise<AgentDetail> {
    return this.#get(agentPath(name), options, listQuery(options))
  }

  /** What an agent is told of itself and its place. */
  prompt(name: string, options?: CallOptions): Promise<PromptReport> {
    return this.#get(`${agentPath(name)}/prompt`, options)
  }

  /** What stands on an agent's terminal now, as text. */
  screen(name: string, options?: CallOptions): Promise<Screen> {
    return this.#get(`${agentPath(name)}/screen`, options)
  }

  /** Why an agent is as it is, and what comes next. */
  why(name: string, options?: CallOptions): Promise<Why> {
    return this.#get(`${agentPath(name)}/why`, options)
  }

  /** Removes an agent for good, with its schedules; a live one only with `force`. A worktree with work in it is kept. */
  remove(
    name: string,
    { force, ...options }: WaitOptions & { force?: boolean } = {},
  ): Promise<Removed> {
    const query = { wait: options.waitSeconds, ...(force ? { force: true } : {}) }
    return this.#call({ method: 'DELETE', path: agentPath(name), query }, options)
  }

  /** Brings it up. Errors with `resume`: `nothing_to_resume`; with another `runtime`: `agent_awake`. */
  wake(name: string, options?: ChangeOptions): Promise<Agent> {
    return this.change(name, 'wake', options)
  }

  sleep(name: string, options?: Omit<ChangeOptions, 'mode' | 'runtime'>): Promise<Agent> {
    return this.change(name, 'sleep', options)
  }

  /** A durable hold: messages are refused until `start`. */
  stop(name: string, options?: WaitOptions): Promise<Agent> {
    return this.change(name, 'stop', options)
  }

  start(name: string, options?: Omit<ChangeOptions, 'mode'>): Promise<Agent> {
    return this.change(name, 'start', options)
  }

  /** A fresh session: the present one ends at its turn boundary, the new one begins at once. */
  new(name: string, options?: WaitOptions): Promise<Agent> {
    return this.change(name, 'new', options)
  }

  /** Ends its run now and brings it up again; its session stays. */
  restart(name: string, options?: WaitOptions): Promise<Agent> {
    return this.change(name, 'restart', options)
  }

  /** Ends the turn it is in; with `waitSeconds` it answers once the turn is over. Errors: `unsupported`. */
  interrupt(name: string, options?: WaitOptions): Promise<Interrupted> {
    return this.#post(`${agentPath(name)}/interrupt`, undefined, options)
  }

  /** Changes its model, persona or trigger; `when` says from when on that counts. Errors: `unsupported`. */
  reload(name: string, change: ReloadRequest, options?: CallOptions): Promise<Reloaded> {
    return this.#post(`${agentPath(name)}/reload`, change, options)
  }

  change(
    name: string,
    verb: AgentVerb,
    { mode, runtime, full, ...options }: ChangeOptions = {},
  ): Promise<Agent> {
    const body = { mode, runtime, full }
    const hasBody = Object.values(body).some((value) => value !== undefined)
    return this.#post(`${agentPath(name)}/${verb}`, hasBody ? body : undefined, options)
  }

  /** Stores a message; once this resolves it is not lost. The same id twice is the same message. */
  send(name: string, request: SendRequestInput, options?: WaitOptions): Promise<Message> {
    return this.#post(`${agentPath(name)}/messages`, request, options)
  }

  messages(
    name: string,
    { limit, ...options }: CallOptions & { limit?: number } = {},
  ): Promise<Message[]> {
    return this.#get(`${agentPath(name)}/messages`, options, { limit })
  }

  /** A message as it is, or, with `waitSeconds`, once it is final. */
  message(id: string, options?: WaitOptions): Promise<Message> {
    return this.#get(`/v1/messages/${encodeURIComponent(id)}`, options, {
      wait: options?.waitSeconds,
    })
  }

  /**
   * The message once it is final, or as it stands when the time is up. A daemon that goes away and
   * comes back in between is waited for, 30 s at most.
   */
  waitForMessage(id: string, options: MessageWait): Promise<Message> {
    return waitForMessage((wait) => this.message(id, wait), options)
  }

  /** An agent's log, entry by entry. */
  logEntries(name: string, options: LogOptions = {}): ResumingStream<LogEntry> {
    return openLogStream(this.#transport, name, options)
  }

  /** An agent's log as bytes: cleaned text, JSON lines, or as recorded. Not made again when it is lost. */
  logs(
    name: string,
    { format, follow, lines, since, ...options }: LogBytesOptions = {},
  ): Promise<Body> {
    const query = { format, follow, lines, since }
    const call = { path: logsPath(name), query, ...withDeadline(options) }
    return this.#transport.open({ method: 'GET', ...call })
  }

  events(options: EventsOptions = {}): ResumingStream<Event> {
    return openEventStream(this.#transport, options)
  }

  /**
   * Is with an agent while it is iterated, and gives its events: the agent is woken, and no rule of
   * its own puts it to sleep meanwhile. From now on, or from `since` on. Ends when the agent is
   * removed. Throws `agent_stopped`, `agent_quarantined`, `agent_parked` or `over_budget` where it
   * can't wake.
   */
  attach(name: string, options: AttachOptions = {}): ResumingStream<Event> {
    return openAttachStream(this.#transport, name, options)
  }

  /** Comes to an agent's terminal, and wakes it; resolves once that was taken. Errors: as `attach`, and `no_terminal`. */
  async openTerminal(name: string, options: TerminalOptions): Promise<TerminalStream> {
    const { openTerminal } = await import('./open-terminal.ts')
    return await openTerminal(this.#transport, `${agentPath(name)}/terminal`, options)
  }

  /** A page in a browser with an agent's terminal: the address opens once, within a minute. */
  terminalTicket(
    name: string,
    { readOnly, ...options }: CallOptions & TicketRequest = {},
  ): Promise<TerminalTicket> {
    return this.#post(`${agentPath(name)}/terminal/tickets`, { readOnly }, options)
  }

  templates(options?: CallOptions): Promise<TemplateSummary[]> {
    return this.#get('/v1/templates', options)
  }

  template(name: string, options?: CallOptions): Promise<TemplateDetail> {
    return this.#get(`/v1/templates/${encodeURIComponent(name)}`, options)
  }

  providers(options?: CallOptions): Promise<Usability[]> {
    return this.#get('/v1/providers', options)
  }

  runtimes(options?: CallOptions): Promise<Usability[]> {
    return this.#get('/v1/runtimes', options)
  }

  doctor(options?: CallOptions): Promise<DoctorReport> {
    return this.#get('/v1/doctor', options)
  }

  /** Looks at every run anew, and ends what goes on for none. */
  reconcile(options?: CallOptions): Promise<ReconcileReport> {
    return this.#post('/v1/reconcile', undefined, options)
  }

  /** Ends the daemon; with `agents` also every guest and every run, which leaves their agents asleep. */
  async shutdown({ agents, ...options }: CallOptions & { agents?: boolean } = {}): Promise<void> {
    await this.#post('/v1/shutdown', { agents: agents ?? false }, options)
  }

  close(): void {
    this.#transport.close()
  }

  #get<Answer>(path: string, options?: CallOptions, query: Call['query'] = {}): Promise<Answer> {
    return this.#call({ method: 'GET', path, query }, options)
  }

  #post<Answer>(path: string, body: unknown, options?: WaitOptions): Promise<Answer> {
    const query = { wait: options?.waitSeconds }
    return this.#call({ method: 'POST', path, query, body }, options)
  }

  #call<Answer>(
    call: Pick<Call, 'method' | 'path' | 'query' | 'body'>,
    options?: WaitOptions,
  ): Promise<Answer> {
    return this.#transport.request<Answer>({ ...call, ...withDeadline(options) })
  }
}
