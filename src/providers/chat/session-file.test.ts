import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Entry } from './conversation.ts'
import { openSession } from './session-file.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-session-'))
  file = path.join(folder, 'sessions', 's1.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const user = (id: string): Entry => ({ type: 'user', id, from: 'user', text: 'ü', at: 1 })

function write(isResumed: boolean, ...entries: readonly Entry[]): void {
  const session = openSession({ id: 's1', file, isResumed })
  entries.forEach((entry) => session.append(entry))
  session.sync()
  session.close()
}

function turnIds(): string[] {
  const session = openSession({ id: 's1', file, isResumed: true })
  session.close()
  return session.turns.map(({ id }) => id)
}

test('a conversation is found again by a later process, private to its owner', () => {
  write(false, user('a'), { type: 'end', id: 'a', error: null })
  write(true, user('b'))
  expect(turnIds()).toEqual(['a', 'b'])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a half-written last line is cut off, however long, and the next line is whole', () => {
  write(false, user('a'))
  appendFileSync(file, `{"type":"assistant","text":"${'what '.repeat(1000)}\xC3`)
  write(true, user('b'))
  expect(turnIds()).toEqual(['a', 'b'])
  expect(readFileSync(file, 'utf8')).not.toContain('what')
})

test('a conversation that is not there is not begun when it should be resumed', () => {
  expect(() => openSession({ id: 's1', file, isResumed: true })).toThrow('ENOENT')
})

test('a damaged conversation is refused, not taken for an empty one', () => {
  write(false, user('a'))
  const whole = readFileSync(file, 'utf8')
  writeFileSync(file, whole.replace('"user"', '"us'))
  expect(() => openSession({ id: 's1', file, isResumed: true })).toThrow('line 2 is damaged')
})
