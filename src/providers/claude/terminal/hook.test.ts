import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'

const script = fileURLToPath(new URL('hook.sh', import.meta.url))

/** Calls the hook with this JSON; gives what it said. */
function call(kind: string, folder: string, input: object): Promise<string> {
  const child = spawn('sh', [script, kind, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(`${JSON.stringify(input, null, 1)}\n`)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  return once(child, 'close').then(() => said)
}

const notesOf = (folder: string): Record<string, unknown>[] =>
  (existsSync(path.join(folder, 'notes')) ? readFileSync(path.join(folder, 'notes'), 'utf8') : '')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('each of many hooks at once notes a line of its own, whole, however long', async () => {
  using folder = temporaryFolder()
  const inputs = Array.from({ length: 12 }, (_, index) => ({
    prompt: `${index}\n%s \\n "é" ${String(index).repeat(200_000)}`,
  }))
  await Promise.all(inputs.map((input) => call('note', folder.path, input)))
  const prompts = notesOf(folder.path).map(({ note }) => note)
  expect(new Set(prompts.map((each) => JSON.stringify(each)))).toEqual(
    new Set(inputs.map((each) => JSON.stringify(each))),
  )
})

test('a question waits for its answer, and gives it as it is', async () => {
  using folder = temporaryFolder()
  const asking = call('ask', folder.path, { tool_name: 'Bash' })
  await waitFor('it to ask', () => notesOf(folder.path).length === 1)
  const [{ ask, note } = {}] = notesOf(folder.path)
  expect(note).toEqual({ tool_name: 'Bash' })
  const file = path.join(folder.path, 'answers', String(ask))
  expect(existsSync(`${file}.bell`)).toBe(true)
  writeFileSync(`${file}.new`, '{"behavior":"allow"}')
  renameSync(`${file}.new`, file)
  writeFileSync(`${file}.bell`, 'r\n', { flag: 'r+' })
  expect(await asking).toBe('{"behavior":"allow"}')
  expect(notesOf(folder.path).at(-1)).toEqual({ answered: ask })
})

test('an empty answer lets it go', async () => {
  using folder = temporaryFolder()
  const asking = call('ask', folder.path, {})
  await waitFor('it to ask', () => notesOf(folder.path).length === 1)
  const file = path.join(folder.path, 'answers', String(notesOf(folder.path)[0]?.['ask']))
  writeFileSync(file, '')
  writeFileSync(`${file}.bell`, 'r\n', { flag: 'r+' })
  expect(await asking).toBe('')
})
