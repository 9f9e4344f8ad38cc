import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import type { Guest } from '../../src/schema/guest.ts'
import { GuestStage } from '../support/guest-stage.ts'
import { Onlooker } from '../support/terminal-stage.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 20 }

let stage: GuestStage
let guest: Guest
beforeEach(async () => {
  stage = await GuestStage.start()
  for (const name of ['a', 'b']) {
    await stage.client.run({ template: 'command', name, runtime: 'fake', program: ['cat'] }, up)
  }
  guest = await stage.client.guests.open('a', { program: ['cat'], cols: 90, rows: 30 })
})
afterEach(async () => stage[Symbol.asyncDispose]())

async function come(
  client: Client,
  options: { isReadOnly?: boolean; size?: { cols: number; rows: number } } = {},
): Promise<Onlooker> {
  const size = { cols: 80, rows: 24 }
  return Onlooker.at(await client.guests.terminal(guest.id, { size, ...options }))
}

test('people come to a guest as they come to an agent, and see each other type', async () => {
  await using first = await come(stage.client)
  await first.told('screen')
  expect(first.stream.agent).toBe('a')
  first.stream.write('ls')
  await first.sees('ls')
  await using second = await come(stage.client, { size: { cols: 70, rows: 50 } })
  await second.sees('ls')
  expect(await first.told('resized')).toMatchObject({ size: { cols: 70, rows: 24 } })
  await using onlooker = await come(stage.client, { isReadOnly: true })
  await onlooker.told('screen')
  onlooker.stream.write('rm')
  second.stream.write(' -l')
  await Promise.all([first, onlooker].map(async (each) => await each.sees('ls -l')))
  expect(onlooker.text).not.toContain('rm')
})

test('it is the guest that they are at, and nobody is attached to the agent for it', async () => {
  await using person = await come(stage.client)
  await person.told('screen')
  expect((await stage.client.show('a')).attached).toBe(0)
  await stage.client.sleep('a', up)
  person.stream.write('still there')
  await person.sees('still there')
  // A guest has no status, and does not wake anybody.
  person.stream.wake()
  expect((await person.told('refused')).error.code).toBe('invalid_request')
  expect((await stage.client.show('a')).status).toBe('asleep')
})

test('who is at a guest that ends is told why, and that is the end', async () => {
  await using person = await come(stage.client)
  await person.told('screen')
  await stage.client.guests.end(guest.id, up)
  expect(await person.told('gone')).toEqual({ type: 'gone', cause: 'it was ended' })
  expect(await person.over).toBeNull()
  await expect(come(stage.client)).rejects.toMatchObject({ code: 'guest_not_found' })
})

test('who is at a guest whose program ends is told so', async () => {
  guest = await stage.client.guests.open('a', { program: ['cat'] })
  await using person = await come(stage.client)
  await person.told('screen')
  stage.machine.endInput(guest.id)
  expect(await person.told('gone')).toEqual({ type: 'gone', cause: 'its program ended' })
  expect(await person.over).toBeNull()
})

test('the daemon may go: the terminal is there with the next one', async () => {
  await using before = await come(stage.client)
  before.stream.write('before')
  await before.sees('before')
  await stage.end()
  expect(await before.over).toMatchObject({ code: 'daemon_unreachable' })
  await stage.begin()
  await using after = await come(stage.client)
  await after.sees('before')
})

test("an agent's token shows its own guests, and is no hand at them", async () => {
  const [own, other] = await Promise.all([stage.clientOf('a'), stage.clientOf('b')])
  const forbidden = { code: 'forbidden' }
  expect(await own.guests.list()).toEqual([guest])
  expect(await own.guests.list({ agent: 'a' })).toEqual([guest])
  expect(await own.guests.show(guest.id)).toEqual(guest)
  await expect(own.guests.open('a')).rejects.toMatchObject(forbidden)
  await expect(own.guests.end(guest.id)).rejects.toMatchObject(forbidden)

  await using person = await come(stage.client)
  await using onlooker = await come(own)
  expect(onlooker.stream.isReadOnly).toBe(true)
  await onlooker.told('screen')
  onlooker.stream.write('as the agent')
  onlooker.stream.redraw()
  await waitFor('the screen anew', () => {
    return onlooker.events.filter(({ type }) => type === 'screen').length > 1
  })
  person.stream.write('as a person')
  await onlooker.sees('as a person')
  expect(onlooker.text).not.toContain('as the agent')

  // Of others it is told nothing, not even that they are there.
  expect(await other.guests.list()).toEqual([])
  await expect(other.guests.list({ agent: 'a' })).rejects.toMatchObject(forbidden)
  const missing = { code: 'guest_not_found' }
  await expect(other.guests.show(guest.id)).rejects.toMatchObject(missing)
  await expect(come(other)).rejects.toMatchObject(missing)
  expect(await stage.client.guests.list()).toEqual([guest])
})

test('who had the name before has left none of its guests to the next one', async () => {
  await stage.client.remove('a', { force: true, ...up })
  await stage.client.run({ template: 'command', name: 'a', runtime: 'fake', program: ['cat'] }, up)
  const own = await stage.clientOf('a')
  expect(await own.guests.list()).toEqual([])
  await expect(own.guests.show(guest.id)).rejects.toMatchObject({ code: 'guest_not_found' })
})
