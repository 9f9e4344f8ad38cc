import type { MessageRecord, WhyFacts } from '../../src/core/why.ts'
import { view } from './agent-stories.ts'

/** What is known of a sleeping agent that has not run yet, but for what is said. */
export function whyFacts(part: Partial<WhyFacts>): WhyFacts {
  return {
    agent: 'guide',
    status: 'asleep',
    now: 1000,
    view: view({}),
    cause: null,
    lastRun: null,
    scheduled: null,
    deaths: { attempts: 0, recent: [] },
    messages: { unfinished: [], troubled: [] },
    questions: [],
    refused: [],
    lines: [],
    ...part,
  }
}

/** A message that waits for its agent, but for what is said. */
export function messageRecord(part: Partial<MessageRecord>): MessageRecord {
  return {
    id: 'msg_1',
    from: 'user',
    text: 'Hello',
    since: 0,
    state: 'stored',
    cause: null,
    isGiven: false,
    isWritten: false,
    tries: 0,
    ...part,
  }
}
