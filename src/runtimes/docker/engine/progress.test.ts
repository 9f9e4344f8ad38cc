import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { readProgress, type Progress } from './progress.ts'

async function read(lines: readonly (object | string)[]) {
  const told: Progress[] = []
  const sent = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  const source = Readable.from([Buffer.from(sent.join('\r\n'))])
  return { told, outcome: await readProgress(source, (each) => told.push(each)) }
}

test('what a pull and a build say is told line by line', async () => {
  const { told, outcome } = await read([
    { status: 'Downloading', id: 'abc', progressDetail: { current: 5, total: 10 } },
    { stream: 'Step 1/2 : FROM x\n' },
    { stream: '\n' },
    { aux: { ID: 'sha256:1234' } },
    { status: 'done', progressDetail: {} },
  ])
  expect(told).toEqual([
    { text: 'Downloading', layer: 'abc', currentBytes: 5, totalBytes: 10 },
    { text: 'Step 1/2 : FROM x', layer: null, currentBytes: null, totalBytes: null },
    { text: 'done', layer: null, currentBytes: null, totalBytes: null },
  ])
  expect(outcome).toEqual({ imageId: 'sha256:1234', status: 'done' })
})

test('an error in it is thrown with its words', async () => {
  const failing = read([{ status: 'a' }, { errorDetail: { message: 'no space left on device' } }])
  await expect(failing).rejects.toMatchObject({ code: 'disk_full' })
})

test('one that is cut short is no success', async () => {
  await expect(read([{ status: 'a' }, '{"status": "b'])).rejects.toMatchObject({
    code: 'engine_unreachable',
  })
})
