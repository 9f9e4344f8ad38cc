import type { Command } from 'commander'
import type { StartedAgent } from '../client/index.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { RunRequestInput } from '../schema/requests.ts'
import { checkUp } from './agent-verb.ts'
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
    .description('Make an agent from a template or a provider, and start it.')
    .usage('[options] <template> [prompt] [-- PROGRAM ARG...]')
    .argument('<template>', 'template or provider; `drover template ls` lists them')
    .argument('[prompt]', 'first message, or - for standard input')
    .option('--name <name>', "the agent's name")
  return addSpecOptions(command)
    .option('--request-id <id>', 'the same id twice is the same agent')
    .option('-w, --wait', 'wait for the reply, or without a prompt until it is up')
    .option('--timeout <seconds>', 'how long to wait', parseSeconds, defaultTimeoutSeconds)
    .action(async (template: string, given: string | undefined, options: RunOptions) => {
      const prompt = given === undefined ? null : await readText(given, context)
      const request = createRunRequest(options, { template, prompt, program, cwd: context.cwd })
      await (options.wait
        ? runAndWait(invocation, request, options)
        : run(invocation, request, options))
    })
}

async function run(
  { context, client, output }: Invocation,
  request: RunRequestInput,
  { json }: RunOptions,
): Promise<void> {
  const agent = await withSpinner(
    context,
    `making ${request.name ?? request.template}`,
    client.run(request),
  )
  if (json) {
    return output.json(agent)
  }
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
  const { client, context, output } = invocation
  let made: StartedAgent | null = null
  await withInterrupt(
    () => (made ? `left; ${made.name} goes on.` : 'left; what was already asked for goes on.'),
    async (signal) => {
      const isStreamed = request.prompt !== undefined && !options.json && output.isTerminal
      const events = await openReplyEvents(client, { isWanted: isStreamed, signal })
      if (request.prompt === undefined) {
        const waitSeconds = Math.min(options.timeout, limits.waitSeconds)
        const starting = client.run(request, { waitSeconds, signal })
        return finishStart(invocation, await withSpinner(context, 'starting', starting), options)
      }
      try {
        made = await client.run(request, { signal })
        await finishTurn(invocation, made, { options, events, signal })
      } finally {
        events?.close()
      }
    },
  )
}

/** Without a prompt: the run is up, or it is an error. */
async function finishStart(
  { output }: Invocation,
  agent: StartedAgent,
  { json, timeout }: RunOptions,
): Promise<void> {
  checkUp(agent, true)
  if (agent.status === 'waking') {
    throw new DroverError('timeout', `${agent.name} is still waking after ${timeout} s.`)
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
  const { client, output } = invocation
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
    const { spec: _, ...latest } = await client.show(agent.name)
    await output.json({ ...latest, message, receipt: message.state, reply: message.reply })
  } else if (!events && message.reply !== null) {
    await output.line(output.isTerminal ? plainText(message.reply) : message.reply)
  }
  reportReceipt(invocation, message, { isJson: json ?? false, timeoutSeconds: timeout })
}
