import { expect, test } from 'vitest'
import { formatDaemonUnit } from './systemd-unit.ts'

const unit = {
  argv: ['/opt/my node', '/opt/100%/main.js', 'up'],
  env: { PATH: '/a b:/c"d', DROVER_HOME: '/home/%n/$x' },
  isSystem: false,
  version: 252,
} as const

const linesOf = (changes: Partial<Parameters<typeof formatDaemonUnit>[0]> = {}): string[] =>
  formatDaemonUnit({ ...unit, ...changes }).split('\n')

test('words are passed on as they are: systemd takes no percent, dollar or quote in them for its own', () => {
  const lines = linesOf()
  expect(lines).toContain(
    String.raw`ExecStart="/bin/sh" "-c" "exec \"$$0\" \"$$@\"" "/opt/my node" "/opt/100%%/main.js" "up"`,
  )
  expect(lines).toContain(String.raw`Environment="PATH=/a b:/c\"d"`)
  expect(lines).toContain('Environment="DROVER_HOME=/home/%%n/$x"')
})

test('agents outlive the daemon, and no limit of it is theirs', () => {
  const lines = linesOf()
  for (const setting of ['KillMode=process', 'OOMPolicy=continue', 'TasksMax=infinity']) {
    expect(lines).toContain(setting)
  }
})

test('a daemon begins below its own group where systemd can do that', () => {
  expect(linesOf()).not.toContain('DelegateSubgroup=drover-daemon')
  expect(linesOf({ version: 254 })).toContain('DelegateSubgroup=drover-daemon')
})

test('it is started with the machine, or with the session of its user', () => {
  expect(linesOf()).toContain('WantedBy=default.target')
  expect(linesOf({ isSystem: true })).toContain('WantedBy=multi-user.target')
})
