import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createId } from '../util/id.ts'
import { AgentTokens } from './agent-tokens.ts'

const tokens = new AgentTokens('the key of this home')
const agent = 'agent_01kb3v7w1qh2m5n8p0r4s7'

test('a token is the same each time it is made, and speaks for its agent', () => {
  expect(tokens.tokenOf(agent)).toBe(new AgentTokens('the key of this home').tokenOf(agent))
  expect(tokens.tokenOf(agent)).toMatch(/^drv_agent_01kb3v7w1qh2m5n8p0r4s7_[\w-]{43}$/)
  for (let count = 0; count < 200; count++) {
    const id = createId('agent')
    expect(tokens.idOf(tokens.tokenOf(id))).toBe(id)
  }
})

test('the signature is HMAC-SHA256 as RFC 4231 has it', () => {
  // Its test case 2: the key is "Jefe", the data are words of another form than an id's.
  const signed = new AgentTokens('Jefe').tokenOf('what do ya want for nothing?')
  const mac = Buffer.from(signed.slice(-43), 'base64url').toString('hex')
  expect(mac).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
})

test('the token of one home is worth nothing in another', () => {
  expect(new AgentTokens('another key').idOf(tokens.tokenOf(agent))).toBeNull()
})

test('a token with any character changed, left out or added is nobody', () => {
  const token = tokens.tokenOf(agent)
  const piece = fc.constantFrom('', ...'abcAZ059_- \n'.split(''))
  fc.assert(
    fc.property(fc.nat(token.length), piece, fc.constantFrom(0, 1), (at, text, removed) => {
      const other = token.slice(0, at) + text + token.slice(at + removed)
      fc.pre(other !== token)
      expect(tokens.idOf(other)).toBeNull()
    }),
  )
})

test('the signature of one agent does not speak for another', () => {
  const other = createId('agent')
  const signature = tokens.tokenOf(agent).slice(-43)
  expect(tokens.idOf(`drv_${other}_${signature}`)).toBeNull()
})

test('a token for the door opens nothing of the API, and the other way round', () => {
  const door = new AgentTokens('the key of this home', 'drd')
  const token = door.tokenOf(agent)
  expect(token).toMatch(/^drd_agent_01kb3v7w1qh2m5n8p0r4s7_[\w-]{43}$/)
  expect(door.idOf(token)).toBe(agent)
  expect(tokens.idOf(token)).toBeNull()
  expect(tokens.idOf(`drv_${agent}_${token.slice(-43)}`)).toBeNull()
  expect(door.idOf(tokens.tokenOf(agent))).toBeNull()
  expect(door.idOf(`drd_${agent}_${tokens.tokenOf(agent).slice(-43)}`)).toBeNull()
})

test.for(['', 'drv_', `drv__${'A'.repeat(43)}`, 'A'.repeat(43), `drv_${agent}_`, 'drv_ä_b'])(
  '%j is nobody',
  (text) => {
    expect(tokens.idOf(text)).toBeNull()
  },
)
