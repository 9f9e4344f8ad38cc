import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { findGroup, parseProcessTable, readProcessTable } from './process-table.ts'
import { sendSignal } from './process-identity.ts'
import { waitUntil } from './wait.ts'

test('the table of macOS and that of Linux are read alike', () => {
  const text = [
    '    1     0     1 Ss   Sat Nov 21 08:00:01 2026     /sbin/launchd',
    '  917   501   917 S+   Sun Nov  1 18:00:01 2026 /bin/sh a  b',
    '4711 501 4700 Z    Sun Nov  1 18:00:01 2026',
    '',
    'ps: nonsense',
  ].join('\n')
  expect(parseProcessTable(text)).toEqual([
    {
      pid: 1,
      uid: 0,
      group: 1,
      state: 'Ss',
      startTime: 'Sat Nov 21 08:00:01 2026',
      command: '    /sbin/launchd',
    },
    {
      pid: 917,
      uid: 501,
      group: 917,
      state: 'S+',
      startTime: 'Sun Nov  1 18:00:01 2026',
      command: '/bin/sh a  b',
    },
    {
      pid: 4711,
      uid: 501,
      group: 4700,
      state: 'Z',
      startTime: 'Sun Nov  1 18:00:01 2026',
      command: '',
    },
  ])
})

test('a group is found with its arguments whole, and is gone when it was killed', async () => {
  const word = 'x'.repeat(4000)
  const child = spawn('/bin/sh', ['-c', 'sleep 1000 & echo; wait', 'sh', word], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { TZ: 'Asia/Tokyo', LC_ALL: 'xx' },
  })
  const group = child.pid ?? 0
  try {
    await once(child.stdout, 'data')
    // Between its fork and its exec the second is a copy of the first.
    const isExec = async (): Promise<boolean> =>
      (await findGroup(group)).some(({ command }) => command === 'sleep 1000')
    expect(await waitUntil(isExec, { deadlineMs: 20_000 })).toBe(true)
    const found = await findGroup(group)
    expect(found.map(({ command }) => command).toSorted()).toEqual([
      expect.stringContaining(word) as string,
      'sleep 1000',
    ])
    expect(found[0]?.startTime).toMatch(/^\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}$/)
  } finally {
    sendSignal(-group, 'SIGKILL')
    await once(child, 'exit')
  }
  expect(await findGroup(group)).toEqual([])
})

test('those who ask at once get one and the same look', async () => {
  const [one, other] = await Promise.all([readProcessTable(), readProcessTable()])
  expect(one).toBe(other)
  expect(await readProcessTable()).not.toBe(one)
})
