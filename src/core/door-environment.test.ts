import { describe, expect, test } from 'vitest'
import type { Network } from '../schema/network.ts'
import {
  doorEnvironment,
  doorUpstreams,
  readUpstreamPath,
  upstreamRequestPath,
  type DoorGuest,
} from './door-environment.ts'

const guest = (network: Network, host = '172.30.0.1'): DoorGuest => ({
  address: { host, port: 20_001 },
  agentId: 'agent_1',
  token: 'drd_agent_1_x-y',
  network,
})

describe('the environment of an agent beside the door', () => {
  test('of a network of its own is where Drover is', () => {
    expect(doorEnvironment(guest('full'))).toEqual({ DROVER_URL: 'http://172.30.0.1:20001' })
  })

  test('without a network is empty', () => {
    expect(doorEnvironment(guest('none'))).toEqual({})
  })

  test.for<Network>(['local', { allow: ['example.org'] }])(
    'kept by %j has the proxy',
    (network) => {
      const proxy = 'http://agent_1:drd_agent_1_x-y@172.30.0.1:20001'
      expect(doorEnvironment(guest(network))).toEqual({
        DROVER_URL: 'http://172.30.0.1:20001',
        HTTP_PROXY: proxy,
        HTTPS_PROXY: proxy,
        http_proxy: proxy,
        https_proxy: proxy,
        NO_PROXY: 'localhost,127.0.0.1,::1,172.30.0.1',
        no_proxy: 'localhost,127.0.0.1,::1,172.30.0.1',
        NODE_USE_ENV_PROXY: '1',
      })
    },
  )

  test('writes an IPv6 address in brackets where it is part of a URL', () => {
    const { HTTP_PROXY, NO_PROXY } = doorEnvironment(guest('local', 'fd00::1'))
    expect(HTTP_PROXY).toBe('http://agent_1:drd_agent_1_x-y@[fd00::1]:20001')
    expect(NO_PROXY).toBe('localhost,127.0.0.1,::1,fd00::1')
  })
})

describe('upstreams behind the door', () => {
  const upstreams = {
    anthropic: { url: 'https://api.example.org', keyFile: '/k' },
    openai: { url: 'https://api.example.org/' },
    gemini: { url: 'https://gw.example.org/gemini/' },
    ollama: { url: 'http://127.0.0.1:11434', model: 'm' },
  }

  test('have an address of the door with their own path at its end, and keep the rest', () => {
    const at = 'http://172.30.0.1:20001/upstream'
    expect(doorUpstreams(guest('local'), upstreams)).toEqual({
      anthropic: { url: `${at}/anthropic/drd_agent_1_x-y`, keyFile: '/k' },
      openai: { url: `${at}/openai/drd_agent_1_x-y/v1` },
      gemini: { url: `${at}/gemini/drd_agent_1_x-y/gemini` },
      ollama: { url: `${at}/ollama/drd_agent_1_x-y`, model: 'm' },
    })
  })

  test('are behind the door for an agent that is kept from nothing, too', () => {
    expect(doorUpstreams(guest('full'), upstreams)).toEqual(
      doorUpstreams(guest('local'), upstreams),
    )
  })

  test('stay as they are for an agent without a network', () => {
    expect(doorUpstreams(guest('none'), upstreams)).toEqual(upstreams)
  })

  test('are read from a path', () => {
    expect(readUpstreamPath('/upstream/openai/drd_a_b/v1/x?y=/z')).toEqual({
      name: 'openai',
      token: 'drd_a_b',
      rest: '/v1/x?y=/z',
    })
    expect(readUpstreamPath('/upstream/openai/t')).toEqual({ name: 'openai', token: 't', rest: '' })
    expect(readUpstreamPath('/upstream/openai')).toBeNull()
    expect(readUpstreamPath('/upstream/openai//v1')).toBeNull()
    expect(readUpstreamPath('/upstream/../t/v1')).toBeNull()
  })

  test.for([
    ['https://api.example.org', '/v1/messages?beta=true', '/v1/messages?beta=true'],
    ['https://api.example.org', '', '/'],
    ['https://api.example.org', '?x', '/?x'],
    ['https://gw.example.org/gemini/', '/gemini/v1/a%20b', '/gemini/v1/a%20b'],
    ['https://gw.example.org/gemini', '/gemini', '/gemini'],
    ['https://gw.example.org/gemini', '/gemini?x=../y', '/gemini?x=../y'],
    ['https://gw.example.org/gemini', '/gemini/a..b/.c', '/gemini/a..b/.c'],
    ['https://gw.example.org/gemini', '/other', null],
    ['https://gw.example.org/gemini', '/geminiother', null],
    ['https://gw.example.org/gemini', '/gemini/../other', null],
    ['https://gw.example.org/gemini', '/gemini/%2E%2e/other', null],
    ['https://gw.example.org/gemini', '/gemini/..%2fother', null],
    ['https://gw.example.org/gemini', '/gemini/..\\other', null],
    ['https://gw.example.org/gemini', '/gemini/x%5C..%5cother', null],
  ] as const)('of %s are asked for %j by %j', ([url, rest, path]) => {
    expect(upstreamRequestPath({ url }, rest)).toBe(path)
  })
})
