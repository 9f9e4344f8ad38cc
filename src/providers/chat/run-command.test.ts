import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isProcessAlive, identifyProcess } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import { runCommand } from './run-command.ts'

let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-command-')))
})
afterAll(() => rmSync(folder, { recursive: true }))

const run = (
  argv: readonly string[],
  { deadlineMs = 20_000, signal = new AbortController().signal } = {},
) => runCommand(argv, { folder, deadlineMs, signal })

describe('running a command', () => {
  test('gives its output and exit code, in the folder, with arguments untouched by any shell', async () => {
    expect(await run(['pwd'])).toEqual({ output: `${folder}\n[exit code 0]`, isError: false })
    expect((await run(['printf', '%s', '$HOME; `x`'])).output).toBe('$HOME; `x`\n[exit code 0]')
    expect(await run(['sh', '-c', 'echo bad >&2; exit 3'])).toEqual({
      output: 'bad\n[exit code 3]',
      isError: true,
    })
  })

  test('says so when there is no such program', async () => {
    expect(await run(['no-such-program'])).toMatchObject({
      isError: true,
      output: expect.stringContaining('could not be started'),
    })
  })

  test('cuts long output and says how much was left out', async () => {
    const { output } = await run(['head', '-c', '200000', '/dev/zero'])
    expect(output).toMatch(/\[cut: 134464 more bytes\]\n\[exit code 0\]$/)
  })

  test('kills the whole group at the deadline', async () => {
    const { output, isError } = await run(['sh', '-c', 'sleep 60 & echo $!; wait'], {
      deadlineMs: 300,
    })
    expect(isError).toBe(true)
    expect(output).toContain('[killed after 300 ms]')
    const identity = await identifyProcess(Number.parseInt(output, 10))
    expect(
      await waitUntil(async () => !identity || !(await isProcessAlive(identity)), {
        deadlineMs: 5000,
      }),
    ).toBe(true)
  })

  test('kills the group when the turn is aborted', async () => {
    const abort = new AbortController()
    const running = run(['sleep', '60'], { signal: abort.signal })
    abort.abort()
    expect((await running).isError).toBe(true)
  })

  test('does not wait for a child that was left behind with the pipes open', async () => {
    const { output } = await run(['sh', '-c', 'sleep 5 & echo done'])
    expect(output).toBe('done\n[exit code 0]')
  })
})
