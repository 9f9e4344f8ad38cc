import { canAdvanceReceipt } from '../../../../src/core/receipt.ts'
import type { Event } from '../../../../src/schema/event.ts'
import type { ReceiptState } from '../../../../src/schema/message.ts'
import { isTyped } from '../evidence.ts'
import { ofEachAgent, repeated, type Invariant } from './invariant.ts'

export const eventInvariants: readonly Invariant[] = [
  {
    name: 'events are gapless',
    check: (_, { events }) =>
      events
        .flatMap(({ seq }, index) => (seq === index + 1 ? [] : [`${seq} stands at ${index + 1}`]))
        .slice(0, 5),
  },

  {
    name: 'a receipt only moves forward',
    check: (_, { events }) =>
      [...receiptsIn(events)].flatMap(([id, states]) =>
        states.every((state, index) => isStep(states[index - 1], state))
          ? []
          : [`${id}: ${states.join(' → ')}`],
      ),
  },

  ofEachAgent('a receipt is where its events lead', ({ actor }, { messages, events }) => {
    const receipts = receiptsIn(events)
    return (messages.get(actor.name) ?? []).flatMap(({ id, state }) =>
      receipts.get(id)?.at(-1) === state
        ? []
        : [`${id} is ${state}; its events say ${receipts.get(id)?.join(' → ') ?? 'nothing'}`],
    )
  }),

  {
    name: 'a run begins once and ends once, and a turn ends once',
    check: (_, { events }) => {
      const runs = (type: string): string[] =>
        events.filter((event) => event.type === type).map(({ run }) => run ?? '')
      const turns = events
        .filter(({ type, data }) => type === 'turn.ended' && data['message'] !== null)
        .map(({ data }) => String(data['message']))
      const begun = new Set(runs('run.starting'))
      return [
        ...repeated(runs('run.starting')).map((run) => `${run} began twice`),
        ...repeated(runs('run.running')).map((run) => `${run} was up twice`),
        ...repeated(runs('run.ended')).map((run) => `${run} ended twice`),
        ...runs('run.ended')
          .filter((run) => !begun.has(run))
          .map((run) => `${run} ended unbegun`),
        ...repeated(turns).map((id) => `the turn of ${id} ended twice`),
      ]
    },
  },

  ofEachAgent(
    'an agent has the run that began and has not ended',
    ({ actor, life }, { agents, events }) => {
      const own = events.filter(({ agent }) => agent === actor.name)
      const ended = new Set(own.filter(({ type }) => type === 'run.ended').map(({ run }) => run))
      const live = own.filter(({ type, run }) => type === 'run.starting' && !ended.has(run))
      const run = agents.get(actor.name)?.run ?? null
      const found = live.map((event) => event.run)
      return found.join() === (run ?? '')
        ? []
        : [`${life.id} has ${run}; its events say ${found.join()}`]
    },
  ),

  {
    name: 'what a plain program said became events, each line once',
    check: ({ actors }, { accounts, events, runs }) => {
      const said = textsIn(events)
      return actors
        .flatMap(({ lives }) => lives)
        .flatMap(({ id }) => accounts.get(id)?.starts ?? [])
        .flatMap((run) => {
          const record = runs.get(run)
          const out = said.get(run)?.out ?? ''
          const err = said.get(run)?.err ?? ''
          if (record && isTyped(record.in)) {
            const [shown, told] = [wordsIn(record.out), wordsIn(out)]
            return shown === told ? [] : [`${run} ${difference(shown, told)}`]
          }
          return [
            ...(record && record.out !== out ? [`${run} ${difference(record.out, out)}`] : []),
            ...(record && record.err !== err ? [`${run} err ${difference(record.err, err)}`] : []),
          ]
        })
    },
  },
]

/** What the agent said, of all that its terminal shows: what was typed may be shown, too. */
function wordsIn(text: string): string {
  const lines = text.split('\n').map((line) => line.replaceAll('\r', ''))
  return lines.filter((line) => /^((took|about) \S+|\d+)$/.test(line)).join('\n')
}

const isStep = (from: ReceiptState | undefined, to: ReceiptState): boolean =>
  from === undefined ? to === 'stored' || to === 'refused' : canAdvanceReceipt(from, to)

function receiptsIn(events: readonly Event[]): Map<string, ReceiptState[]> {
  const receipts = new Map<string, ReceiptState[]>()
  for (const { type, data } of events) {
    if (type === 'message.state') {
      const id = String(data['id'])
      receipts.set(id, [...(receipts.get(id) ?? []), data['state'] as ReceiptState])
    }
  }
  return receipts
}

function textsIn(events: readonly Event[]): Map<string, { out: string; err: string }> {
  const said = new Map<string, { out: string; err: string }>()
  for (const { type, run, data } of events) {
    if (run !== null && (type === 'text' || type === 'output')) {
      const of = said.get(run) ?? { out: '', err: '' }
      of[type === 'output' && data['stream'] === 'err' ? 'err' : 'out'] += String(data['text'])
      said.set(run, of)
    }
  }
  return said
}

function difference(there: string, told: string): string {
  let at = 0
  while (at < there.length && there[at] === told[at]) {
    at++
  }
  const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 20), at + 40))
  return `said ${there.length} characters, told ${told.length}; at ${at}: ${around(there)}, ${around(told)}`
}
