import type { Command } from 'commander'
import type { AgentDetail } from '../schema/agent.ts'
import { formatByteSize } from '../schema/byte-size.ts'
import type { Message } from '../schema/message.ts'
import type { Worktree } from '../schema/reports.ts'
import { formatFields } from './fields.ts'
import { containerText } from './format-container.ts'
import { formatAgentLine } from './format-agent.ts'
import { useText } from './format-box.ts'
import { approvalFields } from './format-approval.ts'
import { costText, tokenText } from './format-cost.ts'
import { formatGuestBrief } from './format-guest.ts'
import { lifecycleFields } from './format-lifecycle.ts'
import { formatWait } from './format-wait.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import type { Output } from './output.ts'
import { addNameArgument } from './own-agent.ts'
import { oneLine, plainText } from './plain-text.ts'
import { formatRelativeTime } from './relative-time.ts'
import { truncateText } from './text-width.ts'

const shownMessages = 5

export function showCommand({ context, client, output }: Invocation): Command {
  return addNameArgument(createCommand('show', context), context)
    .description('Show one agent: what it runs, where, how it is, and its last messages.')
    .option('--prompt', 'only what it is told of itself and its place')
    .action(async (name: string, { json, prompt }: CommonOptions & { prompt?: boolean }) => {
      if (prompt) {
        return await showPrompt({ client, output }, name, json ?? false)
      }
      const agent = await client.show(name, { stats: true })
      if (json) {
        return output.json(agent)
      }
      const messages = await client.messages(name, { limit: shownMessages })
      const worktree = agent.spec.worktree ? await client.worktrees.show(name) : null
      const now = Date.now()
      await output.lines([
        formatAgentLine(agent, output.colors, output.isTerminal),
        '',
        ...formatFields(agentFields(agent, worktree, now), output),
        ...formatMessages(messages, output, now),
      ])
    })
}

/** The text alone goes to stdout; what there is to say of it does not. */
async function showPrompt(
  { client, output }: Pick<Invocation, 'client' | 'output'>,
  name: string,
  isJson: boolean,
): Promise<void> {
  const { colors, isTerminal } = output
  const report = await client.prompt(name)
  if (isJson) {
    return output.json(report)
  }
  for (const { name: layer, source, bytes } of report.layers) {
    const from = source ? `: ${oneLine(source)}` : ''
    output.note(colors.dim(`# ${layer}, ${bytes} bytes${from}`))
  }
  if (report.text === null) {
    output.note('It is told nothing.')
  } else {
    await output.line(isTerminal ? plainText(report.text) : report.text)
  }
  if (report.isLive && report.running !== report.text) {
    output.note('Its present run was told something else; `--json` shows both.')
  }
}

function agentFields(
  agent: AgentDetail,
  worktree: Worktree | null,
  now: number,
): (readonly [string, string | null])[] {
  const { spec, cost, lastRun } = agent
  return [
    ['provider', agent.provider],
    ['runtime', `${agent.runtime} on ${agent.host}`],
    ['model', agent.model && oneLine(agent.model)],
    ['effort', spec.effort ?? null],
    ['profile', spec.profile ? oneLine(spec.profile) : null],
    ['template', agent.template],
    ['label', agent.label ?? null],
    ['tags', wordsText(agent.tags)],
    ['can', wordsText(agent.capabilities)],
    ['automation', agent.automationId ?? null],
    ['dir', agent.dir],
    ['container', containerText(spec.container, agent.box?.container)],
    ['worktree', worktree && worktreeText(worktree)],
    ['also in', spec.addDirs?.join('\n') ?? null],
    ['program', spec.program.length > 0 ? spec.program.map((part) => quote(part)).join(' ') : null],
    ['trigger', spec.trigger ? oneLine(spec.trigger) : null],
    ['persona', spec.persona ? plainText(spec.persona).trim() : null],
    ['append', spec.promptAppend ? plainText(spec.promptAppend).trim() : null],
    ['bare', spec.bare ? 'yes' : null],
    ['always on', spec.alwaysOn ? 'yes' : null],
    ['args', spec.args?.map(quote).join(' ') ?? null],
    ['env', Object.keys(spec.env).length > 0 ? Object.keys(spec.env).join(', ') : null],
    ['options', Object.keys(spec.options).length > 0 ? JSON.stringify(spec.options) : null],
    ['limits', limitsText(spec.limits)],
    ['uses', agent.box ? useText(agent.box) : null],
    ['network', networkText(spec.network)],
    ...lifecycleFields(spec),
    ['policy', spec.policy ?? null],
    ...approvalFields(spec.approvals),
    ['ephemeral', agent.isEphemeral ? 'yes' : null],
    ['waits', agent.waiting ? `${formatWait(agent.waiting, now)} (${agent.waiting.gate})` : null],
    ['run', agent.run ? `${agent.run}${agent.pid ? ` (pid ${agent.pid})` : ''}` : null],
    ['session', agent.session],
    ['queued', agent.queued > 0 ? String(agent.queued) : null],
    [
      'questions',
      agent.questions > 0 ? `${agent.questions} open: drover approvals ${agent.name}` : null,
    ],
    ['people', agent.attached > 0 ? `${agent.attached} attached` : null],
    ['guests', guestsText(agent.guests, now)],
    ['turns', String(agent.turns)],
    ['cost', costText(cost, agent.turns)],
    ['tokens', tokenText(cost, agent.turns)],
    ['last run', lastRun ? `${lastRun.status}${endText(lastRun, now)}` : null],
    ['made', formatRelativeTime(agent.createdAt, now)],
    ['active', formatRelativeTime(agent.activeAt, now)],
  ]
}

/** A daemon from before there were guests tells none. */
function guestsText(guests: AgentDetail['guests'] = [], now: number): string | null {
  const lines = guests.map((guest) => formatGuestBrief(guest, now))
  return lines.length > 0 ? lines.join('\n') : null
}

/** What a person would look for before the agent goes. */
function worktreeText({ folder, branch, repository, ...worktree }: Worktree): string {
  const { uncommitted, unpushed, cause } = worktree
  const work =
    uncommitted === null || unpushed === null
      ? cause
      : `${uncommitted} not committed, ${unpushed} ${unpushed === 1 ? 'commit' : 'commits'} nowhere else`
  return `${folder}\nbranch ${branch} of ${repository}\n${work}`
}

/** A daemon from before there were words tells none. */
function wordsText(words: readonly string[] = []): string | null {
  return words.length > 0 ? words.join(', ') : null
}

/** A daemon from before there were limits tells none. */
function limitsText({ memoryBytes, cpus, pids, diskBytes }: AgentDetail['spec']['limits'] = {}):
  | string
  | null {
  const parts = [
    memoryBytes === undefined ? null : `memory ${formatByteSize(memoryBytes)}`,
    cpus === undefined ? null : `cpus ${cpus}`,
    pids === undefined ? null : `pids ${pids}`,
    diskBytes === undefined ? null : `disk ${formatByteSize(diskBytes)}`,
  ].filter((part) => part !== null)
  return parts.length > 0 ? parts.join(', ') : null
}

/** A daemon from before there were policies tells none. */
function networkText(network: AgentDetail['spec']['network'] = 'full'): string | null {
  if (network === 'full') {
    return null
  }
  return network === 'local' || network === 'none' ? network : network.allow.join(', ')
}

function endText(
  { exitCode, cause, endedAt }: NonNullable<AgentDetail['lastRun']>,
  now: number,
): string {
  const parts = [
    exitCode === null ? null : `code ${exitCode}`,
    cause ? oneLine(cause) : null,
    endedAt === null ? null : formatRelativeTime(endedAt, now),
  ].filter((part) => part !== null)
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

function formatMessages(
  messages: readonly Message[],
  { colors, width }: Output,
  now: number,
): string[] {
  if (messages.length === 0) {
    return []
  }
  const room = Math.min(width, 100)
  return [
    '',
    colors.dim('Last messages'),
    ...messages.map(({ from, body, state, updatedAt }) => {
      const end = `${state}, ${formatRelativeTime(updatedAt, now)}`
      const start = `  ${from}: ${oneLine(body.slice(0, 500))}`
      return `${truncateText(start, Math.max(room - end.length - 2, 20))}  ${colors.dim(end)}`
    }),
  ]
}

function quote(part: string): string {
  return /^[\w./:=@%+,-]+$/.test(part) ? part : JSON.stringify(part)
}
