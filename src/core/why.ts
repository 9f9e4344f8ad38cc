import type { AgentStatus, LastRun } from '../schema/agent.ts'
import type { Why, WhyMessage, WhyQuestion } from '../schema/why.ts'
import type { AgentView } from './agent-view.ts'
import { listGates, wakeGate, type Gate } from './gates.ts'
import { listHolders, type Holder } from './holders.ts'
import { placeMessage, type MessageFacts } from './message-place.ts'
import { nextChange } from './next-change.ts'
import { stopCauses } from './stop-causes.ts'

/** What is told of an agent is made from this: a snapshot, nothing else. Times are Unix ms. */
export interface WhyFacts {
  agent: string
  status: AgentStatus
  now: number
  view: AgentView
  /** Why it is held or parked, as it is on record. */
  cause: string | null
  lastRun: LastRun | null
  scheduled: Why['scheduled']
  /** Ends in a row without a healthy run between them, and the runs that ended so, newest first. */
  deaths: Why['deaths']
  /** The newest that did not come to their end, and the last that came to a bad one; oldest first. */
  messages: { unfinished: readonly MessageRecord[]; troubled: readonly MessageRecord[] }
  /** What it asks a person, oldest first. */
  questions: readonly WhyQuestion[]
  /** Where its network policy kept it from, the newest first. */
  refused: readonly WhyRefusal[]
  /** The last lines that the last run's program said. */
  lines: readonly string[]
}

type WhyRefusal = NonNullable<Why['refused']>[number]

/** A message and what is told of it. */
export type MessageRecord = Pick<WhyMessage, 'id' | 'from' | 'text' | 'since'> &
  Omit<MessageFacts, 'ahead'>

/** Why an agent is as it is, what keeps it so, and what comes next. */
export function explainAgent(facts: WhyFacts): Why {
  const { agent, status, now, view, deaths, lastRun, lines } = facts
  return {
    agent,
    status,
    because: becauseOf(facts),
    since: sinceWhen(facts),
    at: now,
    next: nextChange(view, now),
    scheduled: facts.scheduled,
    holders: listHolders(view).map((holder) => nameQuestion(holder, facts)),
    gates: listGates(view, now).map(({ gate, closed }) => ({
      gate,
      isOpen: closed === null,
      cause: closed && gateCause(closed, facts),
      until: closed?.does === 'wait' ? closed.until : null,
    })),
    messages: explainMessages(facts),
    questions: [...facts.questions],
    deaths,
    refused: [...facts.refused],
    lastRun,
    lines: hasFailed(facts) ? [...lines] : [],
  }
}

/** A person who is asked must know what. */
function nameQuestion(holder: Holder, { questions }: WhyFacts): Holder {
  const [first, ...others] = questions.filter(({ isLive }) => isLive)
  if (holder.what !== 'question' || !first) {
    return holder
  }
  const more = others.length > 0 ? `, and ${others.length} more` : ''
  const text = `it asks a person: ${first.title} (${first.id})${more}`
  return { ...holder, text, since: first.since, until: first.until }
}

/** Its program's last words tell something only where it went wrong and is not up again. */
function hasFailed({ view, lastRun }: WhyFacts): boolean {
  return !view.run && (view.hold === 'quarantined' || lastRun?.status === 'failed')
}

function explainMessages({ messages, view, now }: WhyFacts): Why['messages'] {
  const { unfinished, troubled } = messages
  const openId = unfinished.find(({ isGiven }) => isGiven)?.id ?? null
  const waiting = unfinished.filter(({ isGiven }) => !isGiven)
  const hidden = view.queued - waiting.length
  const explain = (record: MessageRecord): WhyMessage => {
    const { id, from, text, state, since } = record
    const ahead = record.isGiven ? 0 : hidden + Math.max(0, waiting.indexOf(record))
    return {
      id,
      from,
      text,
      state,
      since,
      ...placeMessage({ ...record, ahead }, { view, now, openId }),
    }
  }
  return {
    open: view.open,
    queued: view.queued,
    shown: unfinished.map(explain),
    troubled: troubled.map(explain),
  }
}

/** Why a gate is closed, with what is on record. */
function gateCause(gate: Gate, { cause, view, lastRun }: WhyFacts): string {
  switch (gate.gate) {
    case 'removed':
      return 'it is being removed'
    case 'stopped':
      return 'a person stopped it'
    case 'quarantined':
      return cause ?? 'it died too often'
    case 'over-budget':
      return 'it has spent what it may spend'
    case 'parked':
      return view.hold === null && cause ? cause : gate.cause
    case 'backoff':
      return lastRun?.cause ? `${gate.cause}: ${lastRun.cause}` : gate.cause
    case 'supervised':
    case 'queue':
    case 'admission':
      return gate.cause
  }
}

/** Why it is in its status. */
function becauseOf(facts: WhyFacts): string {
  const { status, view, now, cause } = facts
  if (view.isRemoving) {
    return 'it is being removed'
  }
  switch (status) {
    case 'unknown':
      return "its runtime can't be asked; nothing of it is touched"
    case 'stopping':
      return view.run?.stopReason === null
        ? 'its run is being suspended'
        : `its run is being ended: ${stopCauses[view.run?.stopReason ?? 'stop']}`
    case 'waking': {
      const gate = view.run ? null : wakeGate(view, now)
      if (gate) {
        return gateCause(gate, facts)
      }
      return wakingText(view)
    }
    case 'idle':
      return 'its program is up and has nothing to do'
    case 'working':
      return view.open > 0 ? 'it works on a message' : 'it is in a turn'
    case 'waiting':
      return askedText(facts)
    case 'parked':
      return cause ?? 'out of quota'
    case 'stopped':
      return view.run?.isBegun
        ? 'a person stopped it; its program stays up, for something else keeps it so'
        : 'a person stopped it'
    case 'failed':
      return `it was given up: ${cause ?? 'it died too often'}`
    case 'asleep':
      return view.run ? 'it is suspended; its program goes on where it was' : sleepCause(facts)
  }
}

function wakingText({ run }: AgentView): string {
  if (run?.suspension) {
    return 'its program is being resumed'
  }
  return run ? 'its program is coming up' : 'it is being brought up'
}

function askedText({ questions }: WhyFacts): string {
  const first = questions.find(({ isLive }) => isLive)
  return first ? `it asks a person: ${first.title}` : 'it asks a person'
}

function sleepCause({ lastRun, view }: WhyFacts): string {
  if (!lastRun) {
    return 'it has not run yet'
  }
  const { status, cause } = lastRun
  if (view.task === 'failed') {
    return 'its task failed, so it is kept'
  }
  switch (status) {
    case 'exited':
      return 'its program ended by itself'
    case 'stopped':
      return cause === stopCauses.idle ? 'it had nothing to do' : (cause ?? 'it was ended')
    default:
      return `its last run ${status === 'lost' ? 'is lost' : 'failed'}: ${cause ?? 'no cause on record'}`
  }
}

/** Since when it is in its status, where that is on record. */
function sinceWhen({ status, view, lastRun, questions }: WhyFacts): number | null {
  switch (status) {
    case 'asleep':
      return view.run ? view.run.suspendedAt : (lastRun?.endedAt ?? null)
    case 'failed':
      return lastRun?.endedAt ?? null
    case 'waking':
      return view.run?.activeAt ?? view.waiting?.since ?? null
    case 'idle':
      return view.run?.activeAt ?? null
    case 'waiting':
      return questions.find(({ isLive }) => isLive)?.since ?? view.openSince
    case 'working':
      return view.openSince
    case 'parked':
    case 'stopping':
    case 'stopped':
    case 'unknown':
      return null
  }
}
