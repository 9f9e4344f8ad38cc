import { expect, test } from 'vitest'
import { ControlLines } from './control-lines.ts'
import { readNotice } from './read-notice.ts'

/** What is taken out of bytes that come in pieces of this size. */
function taken(text: string, pieceBytes: number): string[] {
  const found: string[] = []
  const lines = new ControlLines({
    onNotice: (line) => found.push(`notice ${line.toString('latin1')}`),
    onReply: (reply, isError) =>
      found.push(
        `${isError ? 'error' : 'reply'} ${reply.map((line) => line.toString('latin1')).join('|')}`,
      ),
  })
  const bytes = Buffer.from(text, 'latin1')
  for (let begin = 0; begin < bytes.length; begin += pieceBytes) {
    lines.take(bytes.subarray(begin, begin + pieceBytes))
  }
  return found
}

const said = [
  '%begin 1 1 0',
  'of what it was started with',
  '%end 1 1 0',
  '%session-changed $0 a',
  '%begin 1 2 1',
  '%output is a line of a reply',
  '%end 1 99 1',
  '',
  '%end 1 2 1',
  '%output %0 a\xff\\033',
  '%begin 1 3 1',
  'no such session: =x',
  '%error 1 3 1',
  '%begin 1 4 1',
  '%end 1 4 1',
  'no line of control mode',
  '%exit',
  '',
].join('\n')

test.for([1, 2, 7, 64, 10_000])('replies and notices are told apart in pieces of %i', (size) => {
  expect(taken(said, size)).toEqual([
    'notice %session-changed $0 a',
    'reply %output is a line of a reply|%end 1 99 1|',
    'notice %output %0 a\xff\\033',
    'error no such session: =x',
    'reply ',
    'notice %exit',
  ])
})

test.for([
  ['%output %0 a\\033[m\\134\xff b', { type: 'output', bytes: 'a\x1b[m\\\xff b' }],
  ['%output %12 ', { type: 'output', bytes: '' }],
  ['%extended-output %0 17 : a: b\\012', { type: 'output', bytes: 'a: b\n' }],
  ['%pause %3', { type: 'behind', pane: '%3' }],
  [
    '%layout-change @1 b25d,80x24,0,0,0 b25d,80x24,0,0,0 *',
    { type: 'layout', size: { cols: 80, rows: 24 } },
  ],
  ['%layout-change @1', null],
  ['%exit', null],
  ['%', null],
] as const)('%j is %j', ([line, notice]) => {
  const found = readNotice(Buffer.from(line, 'latin1'))
  expect(
    found?.type === 'output' ? { ...found, bytes: found.bytes.toString('latin1') } : found,
  ).toEqual(notice)
})
