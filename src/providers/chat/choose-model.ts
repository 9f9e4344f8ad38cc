import type { Upstream } from '../../schema/config.ts'
import type { ChatLimits, ModelWish } from './chat-config.ts'
import type { ModelFailure, Model } from './model.ts'
import { createOpenaiModel, type Endpoint } from './openai-model.ts'
import { createPracticeModel, practiceTitle } from './practice-model.ts'
import { EndpointError, readBody, requestStream } from './stream-request.ts'

const ollamaUrl = 'http://127.0.0.1:11434'

/** How long Ollama may take to say that it is there, ms. */
const ollamaProbeMs = 300

/** Which model answers: an endpoint, the practice model, or none, with what to do about it. */
export type ModelChoice =
  | { kind: 'endpoint'; endpoint: Endpoint }
  | { kind: 'practice' }
  | { kind: 'none'; failure: ModelFailure }

/**
 * Takes the endpoint asked for; with `auto`, Ollama if it answers and has the model, else the
 * configured OpenAI-compatible one, else the practice model. An agent whose spec names a model is
 * never given the practice model instead. Rejects only when `signal` aborts.
 */
export async function chooseModel(wish: ModelWish, signal: AbortSignal): Promise<ModelChoice> {
  const { endpoint, name, openai } = wish
  if (endpoint === 'practice') {
    return { kind: 'practice' }
  }
  if (endpoint === 'openai') {
    return chooseOpenai(wish)
  }
  const ollama = await chooseOllama(wish, signal)
  if (endpoint === 'ollama' || ollama.kind === 'endpoint') {
    return ollama
  }
  return name === null && openai === null ? { kind: 'practice' } : chooseOpenai(wish)
}

/** For people: what a choice means. */
export function describeChoice(choice: ModelChoice): string {
  if (choice.kind === 'none') {
    return choice.failure.message
  }
  return choice.kind === 'endpoint' ? choice.endpoint.title : practiceTitle
}

export function createModel(choice: ModelChoice, limits: ChatLimits): Model {
  if (choice.kind === 'none') {
    return { title: 'no model', name: null, answer: async () => choice.failure }
  }
  return choice.kind === 'endpoint'
    ? createOpenaiModel(choice.endpoint, limits)
    : createPracticeModel()
}

async function chooseOllama(
  { name, ollama }: ModelWish,
  signal: AbortSignal,
): Promise<ModelChoice> {
  const url = trimUrl(ollama?.url ?? ollamaUrl).replace(/\/v1$/, '')
  const models = await listOllamaModels(url, signal)
  if (!models) {
    return none('network', `Ollama does not answer at ${url}`)
  }
  const wanted = name ?? ollama?.model
  const model = wanted
    ? models.find((known) => known === wanted || known === `${wanted}:latest`)
    : models[0]
  if (!model) {
    return none(
      'config',
      `Ollama at ${url} has no model${wanted ? ` ${wanted}` : ''}; get it with \`ollama pull\``,
    )
  }
  const endpoint = {
    title: `${model} on Ollama at ${url}`,
    baseUrl: `${url}/v1`,
    keyFile: ollama?.keyFile ?? null,
    model,
    priceName: `ollama/${model}`,
  }
  return { kind: 'endpoint', endpoint }
}

function chooseOpenai({ name, openai }: ModelWish): ModelChoice {
  if (!openai) {
    const wanted = name
      ? `no endpoint has the model ${name}`
      : 'no OpenAI-compatible endpoint is configured'
    return none('config', `${wanted}; set gateway.upstreams.openai in config.yaml`)
  }
  const model = name ?? openai.model
  if (!model) {
    return none(
      'config',
      `no model is named for ${openai.url}; set gateway.upstreams.openai.model in config.yaml`,
    )
  }
  const baseUrl = apiBase(openai.url)
  return {
    kind: 'endpoint',
    endpoint: {
      title: `${model} at ${baseUrl}`,
      baseUrl,
      keyFile: openai.keyFile ?? null,
      model,
      priceName: model,
    },
  }
}

/** Endpoints are given with and without `/v1`; an address with a path of its own is taken as it is. */
export function apiBase(url: string): string {
  const trimmed = trimUrl(url)
  return new URL(trimmed).pathname === '/' ? `${trimmed}/v1` : trimmed
}

function trimUrl(url: Upstream['url']): string {
  return url.replace(/\/+$/, '')
}

function none(errorClass: ModelFailure['class'], message: string): ModelChoice {
  return { kind: 'none', failure: { kind: 'failure', class: errorClass, message } }
}

/** Names of the models that an Ollama has; null when none answers in time. */
async function listOllamaModels(url: string, signal: AbortSignal): Promise<string[] | null> {
  const deadline = AbortSignal.timeout(ollamaProbeMs)
  try {
    const { status, pieces } = await requestStream({
      url: new URL(`${url}/api/tags`),
      method: 'GET',
      headers: {},
      body: null,
      connectDeadlineMs: ollamaProbeMs,
      silenceDeadlineMs: ollamaProbeMs,
      signal: AbortSignal.any([deadline, signal]),
    })
    const body = await readBody(pieces, 1024 * 1024)
    const list = status === 200 ? (JSON.parse(body) as { models?: { name?: string }[] }) : {}
    return list.models?.flatMap(({ name }) => name ?? []) ?? null
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof EndpointError || error instanceof SyntaxError || deadline.aborted) {
      return null
    }
    throw error
  }
}
