import { explainAgent, type MessageRecord } from '../core/why.ts'
import { DroverError } from '../schema/error.ts'
import type { Why } from '../schema/why.ts'
import type { AgentListRow, MessageHead } from '../store/index.ts'
import { getAgentByName, referenceOf, type DaemonContext } from './context.ts'
import { lastLines } from './last-lines.ts'
import { readView, toAgent } from './views.ts'

/** Messages shown that are not at their end. */
const shownMessages = 20

/** Bad ends of messages shown, and how many of the newest messages are looked through for them. */
const shownTroubles = 3
const searchedMessages = 50

/** Bad ends of runs shown. */
const shownDeaths = 5

/** Why an agent is as it is; reads and changes nothing. Errors: `agent_not_found`. */
export function whyAgent(context: DaemonContext, name: string): Why {
  const { store, now } = context
  const { id } = getAgentByName(context, name)
  const row = store.agents.getListed(id)
  const view = readView(context, id)
  if (!row || !view) {
    throw new DroverError('agent_not_found', 'The agent was removed meanwhile.')
  }
  const { status, lastRun } = toAgent(row, context)
  return explainAgent({
    agent: row.name,
    status,
    now: now(),
    view,
    cause: row.cause,
    lastRun,
    scheduled: store.schedules.nextOfAgent(id) ?? null,
    deaths: deathsOf(context, row),
    messages: {
      unfinished: store.messages.listUnfinished(id, row.run_id, shownMessages).map(toRecord),
      troubled: troublesOf(context, id).map(toRecord),
    },
    questions: store.approvals.listOpen(id).map((question) => ({
      id: question.id,
      title: question.title,
      since: question.asked_at,
      until: question.due_at,
      isLive: question.run_id === row.run_id,
    })),
    refused: context.door.keptFrom(id),
    lines: row.last_run_id ? lastLines(referenceOf(context, row.last_run_id).folder) : [],
  })
}

function toRecord(head: MessageHead): MessageRecord {
  const isGiven = head.run_id !== null
  return {
    id: head.id,
    from: head.sender,
    text: head.text,
    since: head.updated_at,
    state: head.state,
    cause: head.cause,
    isGiven,
    isWritten: head.is_written === 1,
    tries: head.tries,
  }
}

/** What went wrong since something went well. */
function troublesOf({ store }: DaemonContext, agentId: string): MessageHead[] {
  const ends = store.messages.listFinished(agentId, searchedMessages)
  const lastDone = ends.findLastIndex(({ state }) => state === 'done')
  return ends.slice(lastDone + 1).slice(-shownTroubles)
}

function deathsOf({ store }: DaemonContext, { id, attempts }: AgentListRow): Why['deaths'] {
  return {
    attempts,
    recent: store.runs
      .listEnds(id, Math.min(attempts, shownDeaths))
      .map(({ id: run, status, cause, ended_at: at }) => ({ at: at ?? 0, run, status, cause })),
  }
}
