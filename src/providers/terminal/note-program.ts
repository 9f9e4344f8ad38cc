/**
 * What an interactive program runs as its hooks; it stands alone and starts fast. What it notes is a
 * JSON line at the end of `notes` in the folder that DROVER_RUN_FOLDER names, one write each, so that
 * lines of hooks that run at the same time do not mix.
 *
 *     note EVENT          notes the hook's input
 *     ask EVENT           notes it with an id, waits for `answers/ID` and says what is in it
 *     await FOLDER DATA   notes `ready`, with that data, once a file in the folder is touched
 */
import { randomUUID } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  watch,
  type FSWatcher,
} from 'node:fs'
import path from 'node:path'

/** A program that is another version than the known ones may never touch it, ms. */
const longestAwaitMs = 20_000

/** A hook of a program that is gone ends; it looks so often, ms. */
const orphanLookMs = 5000

const [, , verb, argument = '', data = 'null'] = process.argv
const runFolder = process.env['DROVER_RUN_FOLDER'] ?? ''

function note(event: string, rest: object): void {
  const line = JSON.stringify({ event, at: Date.now(), ...rest })
  appendFileSync(path.join(runFolder, 'notes'), `${line}\n`, { mode: 0o600 })
}

/** The hook's input; what is no JSON is told as it is. */
function readInput(): unknown {
  const text = readFileSync(0, 'utf8')
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** Resolves once `find` finds something, which it is asked to at each change of the folder. */
function whenFound<T>(folder: string, find: () => T | null): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>()
  let watcher: FSWatcher | null = null
  const look = (): void => {
    const found = find()
    if (found !== null) {
      watcher?.close()
      resolve(found)
    }
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  watcher = watch(folder, look)
  look()
  return promise
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

async function ask(event: string): Promise<void> {
  const parent = process.ppid
  const guard = setInterval(() => process.ppid === parent || process.exit(1), orphanLookMs)
  const id = randomUUID()
  const folder = path.join(runFolder, 'answers')
  const answered = whenFound(folder, () => readIfThere(path.join(folder, id)))
  note(event, { id, data: readInput() })
  process.stdout.write(await answered)
  clearInterval(guard)
}

/** Of files that are there already, those count that were touched since the program was started. */
async function awaitFile(folder: string): Promise<void> {
  const { mtimeMs: startedAt } = statSync(path.join(runFolder, 'up'))
  const isTouched = (name: string): boolean => {
    const file = statSync(path.join(folder, name), { throwIfNoEntry: false })
    return file !== undefined && file.mtimeMs >= startedAt
  }
  const late = setTimeout(() => {
    note('ready', { isLate: true, data: JSON.parse(data) as unknown })
    process.exit()
  }, longestAwaitMs)
  await whenFound(folder, () => (readdirSync(folder).some(isTouched) ? true : null))
  clearTimeout(late)
  note('ready', { data: JSON.parse(data) as unknown })
}

if (verb === 'ask') {
  await ask(argument)
} else if (verb === 'await') {
  await awaitFile(argument)
} else {
  note(argument, { data: readInput() })
}
