import { expect, test } from 'vitest'
import { parseLabels, parseService } from './launchd-service.ts'

const print = (...lines: string[]): string =>
  ['gui/501/drover-run.home_1.run_1 = {', ...lines.map((line) => `\t${line}`), '}', ''].join('\n')

test.for([
  [
    ['state = running', 'pid = 4711', 'last exit code = (never exited)'],
    ['running', 4711, null],
  ],
  [
    ['state = not running', 'runs = 1', 'last exit code = 0'],
    ['not running', null, 'code 0'],
  ],
  [
    ['state = not running', 'last exit code = 78: EX_CONFIG'],
    ['not running', null, 'code 78: EX_CONFIG'],
  ],
  [
    ['state = not running', 'last terminating signal = Killed: 9'],
    ['not running', null, 'Killed: 9'],
  ],
  [
    [
      'state = spawn scheduled',
      'last exit code = (never exited)',
      'last terminating signal = Segmentation fault: 11',
    ],
    ['spawn scheduled', null, 'Segmentation fault: 11'],
  ],
  [
    // What is deeper belongs to something else.
    ['coalition = {', '\tstate = active', '\tpid = 1', '}', 'state = not running'],
    ['not running', null, null],
  ],
] as const)('a service is read from what is printed of it: %j', ([lines, expected]) => {
  const [state, pid, lastEnd] = expected
  expect(parseService(print(...lines))).toMatchObject({ state, pid, lastEnd })
})

test.for(['', 'gui/501/x = {\n}\n', 'Bad request.', '\tcoalition = {\n\t\tstate = active\n\t}'])(
  'what has no state is no service: %j',
  (text) => expect(parseService(text)).toBeNull(),
)

test('the labels of a domain are those of its services, and of nothing else', () => {
  const text = [
    'gui/501 = {',
    '\ttype = login',
    '\tservices = {',
    '\t\t       0      - \tcom.apple.SafariHistoryServiceAgent',
    '\t\t     614     (pe) \tcom.apple.progressd',
    '\t\t    4711      0 \tdrover-run.home_1.run_1',
    '\t\t       -    -15 \tdrover-run.home_1.run_2',
    '\t}',
    '\tdisabled services = {',
    '\t\t"com.example.none" => disabled',
    '\t}',
    '}',
  ].join('\n')
  expect(parseLabels(text)).toEqual([
    'com.apple.SafariHistoryServiceAgent',
    'com.apple.progressd',
    'drover-run.home_1.run_1',
    'drover-run.home_1.run_2',
  ])
  expect(parseLabels('gui/501 = {\n}\n')).toEqual([])
})
