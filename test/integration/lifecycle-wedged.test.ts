import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { startTestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A program that takes a turn as Claude Code does, then does as it is told for ever. */
function writeProgram(folder: string, then: string): string {
  const file = path.join(folder, 'claude')
  const init = '{"type":"system","subtype":"init","session_id":"s"}'
  writeFileSync(file, `#!/bin/sh\nread -r line\necho '${init}'\n${then}\n`)
  chmodSync(file, 0o755)
  return file
}

test('a turn that says nothing and does nothing is ended once that is proven', async () => {
  using folder = temporaryFolder()
  const program = writeProgram(folder.path, 'read -r never <"$0.fifo"')
  const { status } = spawnSync('mkfifo', [`${program}.fifo`])
  expect(status).toBe(0)
  await using daemon = await startTestDaemon({
    config: { providers: { claude: { path: program } } },
    isLeftClean: true,
  })
  const { client } = daemon
  const { message } = await client.run(
    {
      template: 'claude',
      name: 'a',
      prompt: 'hang',
      dir: folder.path,
      lifecycle: { wedgedMs: 1000 },
    },
    { waitSeconds: 50 },
  )
  expect(message).toMatchObject({
    state: 'failed',
    cause: expect.stringContaining('wedged') as string,
  })
  const ended = (await readEvents(client)).find(({ type }) => type === 'run.ended')
  expect(ended?.data).toMatchObject({ status: 'failed' })
})
