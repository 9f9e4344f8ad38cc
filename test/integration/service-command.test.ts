import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { problemOf, runDrover } from '../support/cli.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What it does where there is systemd is tested in `test/inside/`. */
describe.skipIf(existsSync('/run/systemd/system'))(
  'drover service on a machine without systemd',
  () => {
    test.for(['install', 'uninstall', 'status'])('%s says so, and the way out', async (verb) => {
      using folder = temporaryFolder()
      const env = { PATH: process.env['PATH']!, HOME: folder.path }
      const result = await runDrover(['service', verb, '--json'], { env, cwd: folder.path })
      expect(result).toMatchObject({ code: 2, stdout: '' })
      expect(problemOf(result)).toMatchObject({
        code: 'unsupported',
        detail: expect.stringContaining('`drover up --detach`') as string,
      })
    })
  },
)
