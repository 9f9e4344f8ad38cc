import type { Approval, ApprovalPolicy, ApprovalState, Risk } from '../schema/approval.ts'
import { approvalDefaults } from '../schema/approval-defaults.ts'
import type { Color, Colors } from './colors.ts'
import { formatFields } from './fields.ts'
import type { Output } from './output.ts'
import { allText, oneLine } from './plain-text.ts'
import { formatExactDuration, formatRelativeTime, formatTimeUntil } from './relative-time.ts'
import { formatTable, type Column } from './table.ts'

const riskColors: Readonly<Record<Risk, Color>> = { low: 'green', medium: 'yellow', high: 'red' }
const stateColors: Readonly<Record<ApprovalState, Color>> = {
  open: 'magenta',
  allowed: 'green',
  denied: 'red',
  expired: 'red',
  withdrawn: 'dim',
}

/** The table of `drover approvals`; with `isAll` also what became of each. */
export function formatApprovalTable(
  approvals: readonly Approval[],
  { colors, width }: Pick<Output, 'colors' | 'width'>,
  { isAll, now }: { isAll: boolean; now: number },
): string[] {
  const columns: Column<Approval>[] = [
    { title: 'ID', cell: ({ id }) => id, paint: colors.bold },
    { title: 'AGENT', cell: ({ agent }) => agent, shrinkTo: 12 },
    {
      title: 'RISK',
      cell: ({ risk }) => risk,
      paint: (text, { risk }) => paintRisk(text, risk, colors),
    },
    ...(isAll ? stateColumns(colors) : []),
    {
      title: 'ASKED',
      cell: ({ askedAt }) => formatRelativeTime(askedAt, now),
      paint: colors.dim,
    },
    { title: 'DENIED', cell: (approval) => dueText(approval, now), paint: colors.dim },
    { title: 'WHAT', cell: ({ title }) => oneLine(title), shrinkTo: 20 },
  ]
  return formatTable(columns, approvals, { width, paintTitle: colors.dim })
}

function stateColumns(colors: Colors): Column<Approval>[] {
  return [
    {
      title: 'STATE',
      cell: ({ state }) => state,
      paint: (text, { state }) => colors[stateColors[state] ?? 'dim'](text),
    },
    { title: 'BY', cell: ({ by }) => by ?? '', shrinkTo: 6 },
  ]
}

/** One question on one line, after an answer. */
export function formatApprovalLine(approval: Approval, colors: Colors): string {
  const { id, state, agent, title, messageId } = approval
  const way = messageId === null ? '' : '; its run is over, so it is told in a message'
  const word = colors[stateColors[state] ?? 'dim'](state)
  return `${colors.bold(id)}  ${word}  ${agent}: ${oneLine(title)}${colors.dim(way)}`
}

/** All there is to know of one. */
export function formatApprovalDetail(approval: Approval, output: Output, now: number): string[] {
  const { tool, input, reason, risk, state, by, cause, message, run, decidedAt } = approval
  const decided = decidedAt === null ? '' : `, ${formatRelativeTime(decidedAt, now)}`
  return [
    formatApprovalLine(approval, output.colors),
    '',
    ...formatFields(
      [
        ['tool', tool],
        ['input', allText(typeof input === 'string' ? input : JSON.stringify(input, null, 2))],
        ['reason', reason && allText(reason).trim()],
        ['risk', risk],
        ['run', run],
        ['asked', formatRelativeTime(approval.askedAt, now)],
        ['denied', dueText(approval, now) || null],
        ['answer', state === 'open' ? null : `${state}${by ? ` by ${by}` : ''}${decided}`],
        ['cause', cause && oneLine(cause)],
        ['said', message && allText(message).trim()],
        ['message', approval.messageId],
        ['for session', approval.isForSession ? 'yes' : null],
      ],
      output,
    ),
  ]
}

/** What to call to answer it. */
export function answerHint({ id }: Pick<Approval, 'id'>): string {
  return `drover approve ${id}, or drover deny ${id}`
}

/** `guide asks (high risk): Bash: git push`. */
export function formatAsked({
  agent,
  risk,
  title,
}: Pick<Approval, 'agent' | 'risk' | 'title'>): string {
  return `${agent} asks (${risk} risk): ${oneLine(title)}`
}

export function paintRisk(text: string, risk: Risk, colors: Colors): string {
  return colors[riskColors[risk] ?? 'yellow'](text)
}

/** When it is denied if nobody answers: `in 57m`. */
function dueText({ state, dueAt }: Approval, now: number): string {
  return state === 'open' ? (dueAt === null ? 'never' : formatTimeUntil(dueAt, now)) : ''
}

/** How an agent's questions are answered otherwise than by default, as fields. */
export function approvalFields(
  policy: ApprovalPolicy | undefined,
): (readonly [string, string | null])[] {
  // A daemon from before there were approvals tells none.
  if (!policy) {
    return []
  }
  const { mode, rules, timeoutMs } = policy
  const isUsual = timeoutMs === approvalDefaults.timeoutMs
  return [
    ['approve', mode === approvalDefaults.mode ? null : mode],
    ['rules', rules.map(ruleText).join('\n') || null],
    [
      'approve timeout',
      isUsual ? null : timeoutMs === 0 ? 'never' : formatExactDuration(timeoutMs),
    ],
  ]
}

function ruleText({ tool, input, dir, mode }: ApprovalPolicy['rules'][number]): string {
  return `${mode} ${tool}${input === undefined ? '' : `(${input})`}${dir === undefined ? '' : `@${dir}`}`
}
