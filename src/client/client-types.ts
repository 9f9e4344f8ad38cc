import type { Agent } from '../schema/agent.ts'
import type { Message } from '../schema/message.ts'
import type { WakeRequest } from '../schema/requests.ts'
import type { Template, TemplateSummary } from '../schema/template.ts'
import type { CallOptions, WaitOptions } from './call-options.ts'

/** An agent that was made, with its first message. */
export type StartedAgent = Agent & { message: Message | null; notes?: string[] }

/** A template as it stands, and where. */
export interface TemplateDetail {
  template: Template
  path: string | null
  source: TemplateSummary['source']
  text: string
}

export type AgentVerb = 'wake' | 'sleep' | 'stop' | 'start' | 'new' | 'restart'

/** A verb's own wishes, beside how long to wait. */
export interface ChangeOptions extends WaitOptions {
  /** Of a wake: `resume` goes on with the session or is an error, `fresh` begins a new one. */
  mode?: WakeRequest['mode']
  /** Of a wake and a start: where it runs from now on. */
  runtime?: WakeRequest['runtime']
  /** Of a sleep: the run ends, though it could be suspended. */
  full?: boolean | undefined
}

export interface LogBytesOptions extends CallOptions {
  format?: 'text' | 'json' | 'raw' | undefined
  follow?: boolean | undefined
  lines?: number | undefined
  since?: number | undefined
}
