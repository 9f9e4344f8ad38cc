import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AgentSpec } from '../../schema/agent.ts'
import { DroverError } from '../../schema/error.ts'
import type {
  LaunchRequest,
  Provider,
  ProviderCapabilities,
  ProviderContext,
  ProviderLaunch,
} from '../contract.ts'
import { createRunnerDecoder } from '../ndjson/runner-decoder.ts'
import {
  answerRunner,
  encodeRunnerMessage,
  interruptRunner,
  reloadRunner,
} from '../ndjson/runner-orders.ts'
import { carryRunnerState } from '../ndjson/runner-state.ts'
import type { ChatConfig, MemoryPlace, ModelWish } from './chat-config.ts'
import { chooseModel, describeChoice } from './choose-model.ts'
import { findChatSession } from './find-session.ts'
import { ChatOptions } from './options.ts'
import { reservedByNode } from './reserved-memory.ts'
import { toolNames, type ToolName } from './tool-definitions.ts'

/** The agent program beside this file: `.ts` in a checkout, `.js` in a package. */
const programFile = fileURLToPath(
  new URL(`./program${path.extname(import.meta.url)}`, import.meta.url),
)

const capabilities: ProviderCapabilities = {
  structured: true,
  terminal: false,
  resume: true,
  approvals: true,
  models: true,
  cost: true,
  turns: true,
  handshake: false,
  steer: true,
  interrupt: true,
  fork: false,
  reload: ['model', 'persona', 'trigger'],
}

/** Drover's own agent: a conversation with any Ollama or OpenAI-compatible model, with tools and a memory. */
export const chatProvider: Provider = {
  name: 'chat',
  title: 'Drover chat',
  capabilities,
  capabilitiesWith(options) {
    // What is wrong with them is told where they are checked.
    const { data } = ChatOptions.safeParse(options)
    const approvals = data === undefined || chosenTools(data).askedTools.length > 0
    return { ...capabilities, approvals }
  },
  options: ChatOptions,
  unsupported: ['program'],
  askMs: 2000,
  detect,
  findSession: findChatSession,
  launch,
  encode: encodeRunnerMessage,
  createDecoder: createRunnerDecoder,
  carry: carryRunnerState,
  answer: answerRunner,
  interrupt: interruptRunner,
  reload: reloadRunner,
}

/** Always usable; says which model an agent without a model of its own would get. */
async function detect({ upstreams, signal }: ProviderContext): ReturnType<Provider['detect']> {
  const { ollama = null, openai = null } = upstreams
  const choice = await chooseModel({ endpoint: 'auto', name: null, ollama, openai }, signal)
  const hint =
    choice.kind === 'endpoint'
      ? null
      : 'Start Ollama and pull a model, or set gateway.upstreams.openai (url, keyFile, model) in config.yaml.'
  const login = choice.kind === 'none' ? 'unknown' : 'yes'
  return { usable: true, detail: describeChoice(choice), hint, version: null, login }
}

async function launch(request: LaunchRequest): Promise<ProviderLaunch> {
  const { stateFolder, isElsewhere } = request
  const configFile = path.join(stateFolder, 'chat.json')
  const content = `${JSON.stringify(composeConfig(request), null, 2)}\n`
  return {
    argv: [isElsewhere ? 'node' : process.execPath, programFile, configFile],
    env: {},
    files: [{ path: configFile, content }],
    // Only where it counts: it is a file more to read.
    ...(request.spec.limits.memoryBytes === undefined
      ? {}
      : { reservedBytes: await reservedByNode() }),
  }
}

function composeConfig(request: LaunchRequest): ChatConfig {
  const { agent, spec, stateFolder, resume, newSession, systemPrompt } = request
  const options = parseOptions(spec)
  const { maxToolRounds, commandDeadlineMs, connectDeadlineMs, silenceDeadlineMs, historyBytes } =
    options
  const session = sessionId(resume ?? newSession)
  return {
    v: 1,
    agent: agent.name,
    persona: spec.persona ?? null,
    systemPrompt: systemPrompt ?? null,
    trigger: spec.trigger ?? null,
    folder: spec.dir,
    memory: memoryPlace(options.memory, request),
    session: {
      id: session,
      file: path.join(stateFolder, 'sessions', `${session}.jsonl`),
      isResumed: resume !== null,
    },
    model: modelWish(options, request),
    ...chosenTools(options),
    limits: {
      maxToolRounds,
      commandDeadlineMs,
      connectDeadlineMs,
      silenceDeadlineMs,
      historyBytes,
    },
  }
}

function parseOptions(spec: AgentSpec): ChatOptions {
  const parsed = ChatOptions.safeParse(spec.options)
  if (parsed.success) {
    return parsed.data
  }
  const issue = parsed.error.issues[0]
  const field = ['options', ...(issue?.path ?? [])].join('.')
  throw new DroverError('invalid_request', `${field}: ${issue?.message ?? 'is not valid'}`, {
    details: { field },
  })
}

/** A session's id names its file. */
function sessionId(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)) {
    return id
  }
  throw new DroverError('invalid_request', `session: ${JSON.stringify(id)} is not a session id`, {
    details: { field: 'session' },
  })
}

/** The program checks again with every link followed; here a plain mistake is refused by name. */
function memoryPlace(
  memory: string | undefined,
  { spec, stateFolder }: LaunchRequest,
): MemoryPlace {
  if (memory === undefined) {
    return { file: path.join(stateFolder, 'MEMORY.md'), isInFolder: false }
  }
  const file = path.resolve(spec.dir, memory)
  const relative = path.relative(spec.dir, file)
  if (relative === '' || relative === '..' || relative.startsWith(`..${path.sep}`)) {
    throw new DroverError(
      'invalid_request',
      `options.memory: ${memory} is not a file inside the agent's folder`,
      {
        details: { field: 'options.memory' },
      },
    )
  }
  return { file, isInFolder: true }
}

/** An address of the agent's own replaces the configured one together with its key. */
function modelWish(
  { endpoint, url, keyFile }: ChatOptions,
  { spec, upstreams }: LaunchRequest,
): ModelWish {
  const own = url === undefined ? null : { url, ...(keyFile === undefined ? {} : { keyFile }) }
  const isOwnOllama = endpoint === 'ollama'
  return {
    endpoint: own && endpoint === 'auto' ? 'openai' : endpoint,
    name: spec.model ?? null,
    ollama: (isOwnOllama ? own : null) ?? upstreams.ollama ?? null,
    openai: (isOwnOllama ? null : own) ?? upstreams.openai ?? null,
  }
}

/** The tools it gets, and those of them that a person is asked about. */
function chosenTools({
  tools: given,
  denyTools,
  askTools,
}: Pick<ChatOptions, 'tools' | 'denyTools' | 'askTools'>): Pick<
  ChatConfig,
  'tools' | 'askedTools'
> {
  const tools = named(given).filter((name) => !denyTools.includes(name))
  return { tools, askedTools: named(askTools).filter((name) => tools.includes(name)) }
}

/** In their own order, all, none or those named. */
function named(tools: boolean | readonly ToolName[]): ToolName[] {
  return toolNames.filter((name) => (typeof tools === 'boolean' ? tools : tools.includes(name)))
}
