import type { Command } from 'commander'
import type { StartedAgent } from '../client/index.ts'
import type { Agent } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { RunRequestInput } from '../schema/requests.ts'
import { withAgentSpinner } from './agent-spinner.ts'
import { checkUp, stillError } from './agent-verb.ts'
import { awaitReply, openReplyEvents } from './await-reply.ts'
import { formatAgentLine } from './format-agent.ts'
import { withInterrupt } from './interrupt.ts'
import { createCommand, type Invocation } from './invocation.ts'
import { defaultTimeoutSeconds, parseSeconds } from './option-values.ts'
import { plainText } from './plain-text.ts'
import { readText } from './read-text.ts'
import { reportReceipt } from './receipt.ts'
import { addSpecOptions, createRunRequest, type RunOptions } from './run-request.ts'
import { withSpinner } from './spinner.ts'

export function runCommand(invocation: Invocation): Command {
  const { context, program } = invocation
  const command = createCommand('run', context)
    .description(
      'Make an agent from a template or a provider, and start it. Without a template, or with "." ' +
        'for it, the one agent of this folder begins a fresh session.',
    )
    .usage('[options] [template] [prompt] [-- PROGRAM ARG...]')
    .argument('[template]', 'template or provider; `drover template ls` lists them')
    .argument('[prompt]', 'first message, or - for standard input')
    .option('--name <name>', "the agent's name")
  return addSpecOptions(command)
    .optionsGroup('This call:')
    .option('--resume <session>', 'begin with this session, which its program has already')
    .option('--continue', 'begin with the latest session that its program has of the folder')
    .option('--request-id <id>', 'the same id twice is the same agent')
    .option('-w, --wait', 'wait for the reply, or without a prompt until it is up')
    .option('--timeout <time>', 'how long to wait', parseSeconds, defaultTimeoutSeconds)
    .action(
      async (template: string | undefined, given: string | undefined, options: RunOptions) => {
        const prompt = given === undefined ? null : await readText(given, context)
        const request = createRunRequest(options, { template, prompt, program, cwd: context.cwd })
        await (options.wait
          ? runAndWait(invocation, request, options)
          : run(invocation, request, options))
      },
    )
}

async function run(
  { context, client, output }: Invocation,
  request: RunRequestInput,
  { json }: RunOptions,
): Promise<void> {
  const agent = await withSpinner(
    context,
    `starting ${request.name ?? request.template ?? 'the agent of this folder'}`,
    client.run(request),
  )
  if (json) {
    return output.json(agent)
  }
  sayNotes(output, agent)
  const { colors, isTerminal } = output
  await output.line(formatAgentLine(agent, colors, isTerminal))
  if (isTerminal) {
    await output.line(
      colors.dim(`  drover send ${agent.name} "…" --wait    drover logs ${agent.name} -f`),
    )
  }
}

async function runAndWait(
  invocation: Invocation,
  request: RunRequestInput,
  options: RunOptions,
): Promise<void> {
  const { client, output } = invocation
  let made: StartedAgent | null = null
  await withInterrupt(
    () => (made ? `left; ${made.name} goes on.` : 'left; what was already asked for goes on.'),
    async (signal) => {
      const isStreamed = request.prompt !== undefined && !options.json && output.isTerminal
      const events = await openReplyEvents(client, { isWanted: isStreamed, signal })
      if (request.prompt === undefined) {
        const waitSeconds = Math.min(options.timeout, limits.waitSeconds)
        const starting = client.run(request, { waitSeconds, signal })
        const agent = await waitForStart(invocation, { request, signal }, starting)
        return finishStart(invocation, agent, { ...options, timeout: waitSeconds })
      }
      try {
        made = await client.run(request, { signal })
        sayNotes(output, made)
        await finishTurn(invocation, made, { options, events, signal })
      } finally {
        events?.close()
      }
    },
  )
}

/** What is no error, and good to know. A daemon of before says none. */
function sayNotes(output: Invocation['output'], { notes = [] }: StartedAgent): void {
  notes.forEach((text) => output.note(plainText(text)))
}

/** An agent that was given a name can be asked meanwhile what it waits for. */
async function waitForStart(
  invocation: Invocation,
  { request: { name }, signal }: { request: RunRequestInput; signal: AbortSignal },
  starting: Promise<StartedAgent>,
): Promise<StartedAgent> {
  return name === undefined
    ? await withSpinner(invocation.context, 'starting', starting)
    : await withAgentSpinner(
        invocation,
        { text: `starting ${name}`, agent: name, signal },
        starting,
      )
}

/** Without a prompt: the run is up, or it is an error. */
async function finishStart(
  { output }: Invocation,
  agent: StartedAgent,
  { json, timeout }: RunOptions,
): Promise<void> {
  sayNotes(output, agent)
  checkUp(agent, true)
  if (agent.status === 'waking') {
    throw stillError(agent, timeout)
  }
  await (json
    ? output.json({ ...agent, receipt: null, reply: null })
    : output.line(formatAgentLine(agent, output.colors, output.isTerminal)))
}

async function finishTurn(
  invocation: Invocation,
  agent: StartedAgent,
  {
    options,
    events,
    signal,
  }: { options: RunOptions } & Pick<Parameters<typeof awaitReply>[1], 'events' | 'signal'>,
): Promise<void> {
  const { output } = invocation
  const { json, timeout } = options
  if (!agent.message) {
    throw new DroverError('internal', `${agent.name} was made without its first message.`)
  }
  if (!json) {
    output.note(formatAgentLine(agent, output.colors, output.isTerminal))
  }
  const message = await awaitReply(invocation, {
    message: agent.message,
    events,
    timeoutSeconds: timeout,
    signal,
  })
  if (json) {
    const latest = await showLatest(invocation, agent)
    await output.json({ ...latest, message, receipt: message.state, reply: message.reply })
  } else if (!events && message.reply !== null) {
    await output.line(output.isTerminal ? plainText(message.reply) : message.reply)
  }
  reportReceipt(invocation, message, { isJson: json ?? false, timeoutSeconds: timeout })
}

/** How it is now; an ephemeral one that is done is gone, and shown as it was made. */
async function showLatest({ client }: Invocation, made: StartedAgent): Promise<Agent> {
  try {
    const { spec: _, ...latest } = await client.show(made.name)
    return latest.id === made.id ? latest : made
  } catch (error) {
    if (made.isEphemeral && error instanceof DroverError && error.code === 'agent_not_found') {
      return made
    }
    throw error
  }
}
