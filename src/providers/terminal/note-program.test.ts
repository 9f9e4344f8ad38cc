import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitFor } from '../../../test/support/wait-for.ts'
import { hookCommand, noteProgram, notesEnvironment, parseNote, type Note } from './notes.ts'

let run: string
let children: ChildProcessWithoutNullStreams[]
beforeEach(() => {
  run = mkdtempSync(path.join(tmpdir(), "drover-notes-it's-"))
  children = []
})
afterEach(() => {
  children.forEach((child) => child.kill('SIGKILL'))
  rmSync(run, { recursive: true })
})

function start(program: string, args: readonly string[], env = {}): ChildProcessWithoutNullStreams {
  const child = spawn(program, args, { env: { PATH: process.env['PATH'], ...env } })
  children.push(child)
  return child
}

function notes(): (Note | null)[] {
  const file = path.join(run, 'notes')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(parseNote) : []
}

test('a hook notes its input in one line, whatever is in it, and says nothing', async () => {
  const command = hookCommand({
    verb: 'note',
    event: 'Started',
    node: process.execPath,
    environment: notesEnvironment(run),
  })
  const child = start('/bin/sh', ['-c', command])
  child.stdin.end('{\n  "prompt": "Grüße\\nan \'alle\'"\n}\n')
  expect(await text(child.stdout)).toBe('')
  expect(notes()).toEqual([
    { event: 'Started', at: expect.any(Number), id: null, data: { prompt: "Grüße\nan 'alle'" } },
  ])
})

test('a hook that asks says what is put into its answer, once it is there', async () => {
  const child = start(
    '/bin/sh',
    ['-c', hookCommand({ verb: 'ask', event: 'Asked', node: process.execPath })],
    notesEnvironment(run),
  )
  child.stdin.end('{"tool":"x"}')
  await waitFor('the question', () => notes().length > 0)
  const id = notes()[0]!.id!
  expect(id).toMatch(/^[A-Za-z0-9_-]{1,100}$/)
  const answers = path.join(run, 'answers')
  writeFileSync(path.join(answers, 'another'), 'no')
  writeFileSync(path.join(answers, `.${id}.new`), '{"is":"yes"}')
  renameSync(path.join(answers, `.${id}.new`), path.join(answers, id))
  expect(await text(child.stdout)).toBe('{"is":"yes"}')
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(0)
})

test('that a program is up is noted once it touches a file, with what was given to be told', async () => {
  const folder = path.join(run, 'threads')
  writeFileSync(path.join(run, 'up'), '')
  const child = start(
    process.execPath,
    [noteProgram, 'await', folder, '{"file":"/x"}'],
    notesEnvironment(run),
  )
  await waitFor('its folder', () => existsSync(folder))
  expect(notes()).toEqual([])
  writeFileSync(path.join(folder, 'a-thread'), '')
  await once(child, 'exit')
  expect(notes()).toEqual([
    { event: 'ready', at: expect.any(Number), id: null, data: { file: '/x' } },
  ])
})
