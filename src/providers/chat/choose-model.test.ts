import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { ModelWish } from './chat-config.ts'
import { apiBase, chooseModel, describeChoice } from './choose-model.ts'

/** Nothing listens at port 1 of loopback. */
const nowhere = { url: 'http://127.0.0.1:1' }
const openai = { url: 'http://127.0.0.1:2/api/v1', model: 'gpt', keyFile: '/key' }

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** An Ollama that answers with these models; null never answers. */
async function startOllama(models: readonly string[] | null): Promise<{ url: string }> {
  const server = createServer((_, response) => {
    if (models) {
      response.end(JSON.stringify({ models: models.map((name) => ({ name })) }))
    }
  })
  servers.push(server)
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function choose(wish: Partial<ModelWish>) {
  const whole: ModelWish = { endpoint: 'auto', name: null, ollama: nowhere, openai: null, ...wish }
  return chooseModel(whole, AbortSignal.timeout(5000))
}

describe('choosing a model', () => {
  test('takes the first of a running Ollama, before an OpenAI-compatible endpoint', async () => {
    const ollama = await startOllama(['small:latest', 'large'])
    const choice = await choose({ ollama, openai })
    expect(choice).toMatchObject({
      kind: 'endpoint',
      endpoint: { model: 'small:latest', baseUrl: `${ollama.url}/v1`, keyFile: null },
    })
    expect(describeChoice(choice)).toBe(`small:latest on Ollama at ${ollama.url}`)
  })

  test('knows a model by its name without the tag', async () => {
    const ollama = await startOllama(['small:latest', 'large'])
    expect(await choose({ ollama, name: 'small' })).toMatchObject({
      endpoint: { model: 'small:latest' },
    })
    expect(await choose({ ollama: { ...ollama, model: 'large' } })).toMatchObject({
      endpoint: { model: 'large' },
    })
  })

  test('takes the OpenAI-compatible endpoint when Ollama is away, empty, silent, or has not that model', async () => {
    const expected = {
      kind: 'endpoint',
      endpoint: { model: 'gpt', baseUrl: openai.url, keyFile: '/key' },
    }
    expect(await choose({ openai })).toMatchObject(expected)
    expect(await choose({ openai, ollama: await startOllama([]) })).toMatchObject(expected)
    expect(await choose({ openai, ollama: await startOllama(null) })).toMatchObject(expected)
    expect(await choose({ openai, ollama: await startOllama(['x']), name: 'gpt' })).toMatchObject(
      expected,
    )
  })

  test('falls back to the practice model only when nothing was asked for', async () => {
    expect(await choose({})).toEqual({ kind: 'practice' })
    expect(await choose({ endpoint: 'practice', openai })).toEqual({ kind: 'practice' })
    expect(await choose({ name: 'gpt' })).toMatchObject({
      kind: 'none',
      failure: { class: 'config', message: expect.stringContaining('gpt') },
    })
  })

  test('says what is missing when an endpoint was asked for by name', async () => {
    expect(await choose({ endpoint: 'ollama', openai })).toMatchObject({
      kind: 'none',
      failure: { class: 'network' },
    })
    expect(await choose({ endpoint: 'ollama', ollama: await startOllama([]) })).toMatchObject({
      kind: 'none',
      failure: { class: 'config' },
    })
    expect(await choose({ endpoint: 'openai' })).toMatchObject({
      kind: 'none',
      failure: { class: 'config' },
    })
    expect(await choose({ endpoint: 'openai', openai: nowhere })).toMatchObject({
      kind: 'none',
      failure: { message: expect.stringContaining('no model is named') },
    })
  })
})

test('an address without a path gets /v1, one with a path stays as it is', () => {
  expect(apiBase('http://h:1/')).toBe('http://h:1/v1')
  expect(apiBase('http://h:1/v1/')).toBe('http://h:1/v1')
  expect(apiBase('https://h/openai')).toBe('https://h/openai')
})
