import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { appendAt, createRunFolder, exitOfStatus, readExit, runFiles } from './run-folder.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-run-folder-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('appendAt', () => {
  const file = path.join(folder, 'in')

  test('gives exactly the bytes of all messages, at whatever byte it died and was called again', () => {
    const message = fc.uint8Array({ minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(message, fc.array(fc.nat(30), { maxLength: 3 }))),
        (messages) => {
          writeFileSync(file, '')
          let offset = 0
          for (const [content, deaths] of messages) {
            const bytes = Buffer.from(content)
            for (const death of deaths) {
              // What a call that died after so many bytes has left behind.
              const written = statSync(file).size - offset
              writeFileSync(
                file,
                bytes.subarray(written, Math.max(written, Math.min(death, bytes.length))),
                { flag: 'a' },
              )
            }
            appendAt(file, offset, bytes)
            appendAt(file, offset, bytes)
            offset += bytes.length
          }
          expect(
            readFileSync(file).equals(Buffer.concat(messages.map(([content]) => content))),
          ).toBe(true)
        },
      ),
    )
  })

  test('does not write where something before is missing', () => {
    writeFileSync(file, 'abc')
    expect(() => appendAt(file, 4, Buffer.from('d'))).toThrow('4 were expected')
    expect(readFileSync(file, 'utf8')).toBe('abc')
  })
})

describe('a run folder', () => {
  test('is private, and making it again loses nothing', () => {
    const run = path.join(folder, 'runs', 'run_1')
    createRunFolder(run)
    const files = runFiles(run)
    writeFileSync(files.out, 'said')
    createRunFolder(run)
    expect(readFileSync(files.out, 'utf8')).toBe('said')
    expect(statSync(run).mode & 0o777).toBe(0o700)
    expect([files.in, files.out, files.err].map((file) => statSync(file).mode & 0o777)).toEqual([
      0o600, 0o600, 0o600,
    ])
  })

  test.for([
    ['nothing', null, null],
    ['an empty file', '', null],
    ['half a line', '13', null],
    ['garbage', 'x\n', null],
    ['0', '0\n', { code: 0, signal: null }],
    ['137', '137\n', { code: null, signal: 'SIGKILL' }],
  ] as const)('has no ending, or one, by %s', ([name, content, expected]) => {
    const run = path.join(folder, `exit-${name.length}-${content?.length ?? 'none'}`)
    createRunFolder(run)
    if (content !== null) {
      writeFileSync(runFiles(run).exit, content)
    }
    expect(readExit(run)).toEqual(expected)
  })
})

test('every status of a shell is a code or a signal', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), (status) => {
      const { code, signal } = exitOfStatus(status)
      expect(code === null).toBe(signal !== null)
      expect(status <= 128 ? code : (code ?? status)).toBe(status)
    }),
  )
  expect([127, 128, 139, 143].map(exitOfStatus)).toEqual([
    { code: 127, signal: null },
    { code: 128, signal: null },
    { code: null, signal: 'SIGSEGV' },
    { code: null, signal: 'SIGTERM' },
  ])
})
