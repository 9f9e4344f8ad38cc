import { describe, expect, it } from 'vitest'
import { callCli } from '../../test/fixtures/cli-harness.ts'
import { startFakeApi } from '../../test/fixtures/fake-api.ts'
import type { LogEntry } from '../schema/event.ts'
import { formatClock } from './relative-time.ts'

const at = new Date(2026, 10, 21, 14, 0).getTime()
const entry = (text: string, stream: LogEntry['stream'] = 'out'): LogEntry => ({
  seq: 1,
  at,
  stream,
  text,
})

/** What is printed of a log with these entries. */
async function print(
  entries: readonly LogEntry[],
  { argv = [], isTerminal = false }: { argv?: readonly string[]; isTerminal?: boolean } = {},
): Promise<string> {
  await using api = await startFakeApi(({ query }, response) => {
    response.end(
      query.get('format') === 'raw'
        ? entries.map(({ text }) => text).join('')
        : entries.map((each) => `${JSON.stringify(each)}\n`).join(''),
    )
  })
  const { exitCode, stdout, stderr } = await callCli(['logs', 'a', ...argv], {
    home: api.folder,
    isTerminal,
  })
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout
}

const shell = '\u001b[?2004h$ lss\b\u001b[K\r'
const hostile = 'a\u001b]0;title\u0007\u009b31mb\u007f'

describe('drover logs', () => {
  it('shows lines as a terminal would at last', async () => {
    const entries = [entry(shell), entry('10 %\r20 %', 'err'), entry(hostile, 'system')]
    expect(await print(entries)).toBe('$ ls\n20 %\n-- ab\n')
  })

  it('begins each line of an entry alike where an entry shows more than one', async () => {
    const entries = [entry('\u001b[1;1Hone\u001b[2;1Htwo', 'system')]
    expect(await print(entries)).toBe('-- one\n-- two\n')
    const time = formatClock(at)
    const shown = await print(entries, { isTerminal: true })
    expect(shown.replace(/\u001b\[\d*m/g, '')).toBe(`${time} – one\n${time} – two\n`)
  })

  it('gives the bytes as recorded with --raw', async () => {
    const entries = [entry(shell), entry('\n'), entry(hostile)]
    expect(await print(entries, { argv: ['--raw'] })).toBe(`${shell}\n${hostile}`)
  })

  it('gives the text as recorded with --json, and nothing that a terminal would obey', async () => {
    const printed = await print([entry(hostile)], { argv: ['--json'], isTerminal: true })
    expect(JSON.parse(printed)).toEqual(entry(hostile))
    expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })
})
