import path from 'node:path'
import type { Home } from '../../../src/util/home.ts'
import { namesIn, textOf } from './files.ts'
import type { Life } from './world.ts'

/** What an agent's program wrote down itself, in files that no daemon touches. */
export interface Account {
  /** One for each time it came up; a `chat` does not count that. */
  starts: string[]
  /** Messages it took, in order, each with the run it was in; a `chat` knows no run. */
  taken: { key: string; run: string | null }[]
  /** Keys of turns that it ended well; null where it keeps no such account. */
  ended: ReadonlySet<string> | null
  /** Runs that came up while another was. */
  doubled: string[]
}

/** The account of one life; `agentId` is null where there is no agent any more. */
export function readAccount(
  life: Pick<Life, 'program' | 'folder'>,
  home: Home,
  agentId: string | null,
): Account {
  return life.program
    ? readScriptAccount(life.folder)
    : readSessions(agentId && path.join(home.agentsFolder, agentId, 'state', 'sessions'))
}

/** As `test/fixtures/chaos-agent.sh` writes it. */
function readScriptAccount(folder: string): Account {
  const lines = (name: string): string[] =>
    textOf(path.join(folder, name)).split('\n').filter(Boolean)
  return {
    starts: lines('starts').map((line) => line.split(' ')[0] ?? ''),
    taken: lines('taken').map((line) => {
      const [key = '', run = null] = line.split(' ')
      return { key, run }
    }),
    ended: null,
    doubled: lines('doubled'),
  }
}

interface Entry {
  type: string
  id?: string
  text?: string
  /** When it was written, Unix ms, by the clock that is not set. */
  at?: number
  error?: string | null
}

/** As the `chat` program writes its conversations; a last line that was cut off is no entry. */
function readSessions(folder: string | null): Account {
  const files = folder ? namesIn(folder) : []
  const entries = files.flatMap((file) =>
    textOf(path.join(folder ?? '', file))
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Entry),
  )
  // Each session has a file of its own; their names tell nothing of their order.
  const users = entries
    .filter(({ type }) => type === 'user')
    .toSorted((one, other) => (one.at ?? 0) - (other.at ?? 0))
  const keys = new Map(users.map(({ id, text }) => [id, keyOf(text ?? '')]))
  const ended = entries.filter(({ type, error }) => type === 'end' && error === null)
  return {
    starts: [],
    taken: users.map(({ text }) => ({ key: keyOf(text ?? ''), run: null })),
    ended: new Set(ended.map(({ id }) => keys.get(id) ?? '')),
    doubled: [],
  }
}

export function keyOf(body: string): string {
  return body.split(/\s/, 1)[0] ?? ''
}
