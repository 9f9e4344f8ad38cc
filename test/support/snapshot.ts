import { readdirSync } from 'node:fs'
import type { Client } from '../../src/client/index.ts'
import type { TestDaemon } from './daemon.ts'
import { readEvents } from './events.ts'

/** All that a refused request must leave as it was: agents, messages, schedules, events, folders. */
export async function snapshotOf({ client, home }: TestDaemon): Promise<object> {
  const agents = await client.list({ all: true })
  return {
    agents,
    messages: await Promise.all(agents.map(async ({ name }) => await client.messages(name))),
    schedules: await client.schedules.list(),
    events: await lastSeq(client),
    folders: [home.runsFolder, home.agentsFolder].map((folder) => readdirSync(folder)),
  }
}

async function lastSeq(client: Client): Promise<number> {
  return (await readEvents(client)).at(-1)?.seq ?? 0
}
