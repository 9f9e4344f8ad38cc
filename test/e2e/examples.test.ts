import { cpSync, existsSync, globSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { ChatOptions } from '../../src/providers/chat/options.ts'
import { ClaudeOptions } from '../../src/providers/claude/options.ts'
import { CodexOptions } from '../../src/providers/codex/options.ts'
import { CommandOptions } from '../../src/providers/command/options.ts'
import {
  runnerClaims,
  runnerEventTypes,
  runnerInputTypes,
  runnerOutputTypes,
} from '../../src/providers/ndjson/protocol.ts'
import { Config } from '../../src/schema/config.ts'
import { errorTable } from '../../src/schema/error-table.ts'
import { EventType } from '../../src/schema/event.ts'
import { ReceiptState } from '../../src/schema/message.ts'
import { AgentStatus } from '../../src/schema/agent.ts'
import { Template } from '../../src/schema/template.ts'
import { faultPoints } from '../../src/daemon/fault-point.ts'
import type { Route } from '../../src/api/route.ts'
import { routes } from '../../src/api/routes.ts'
import { startModelServer } from '../../src/testing/index.ts'
import { readSteps, toPattern, type Step } from '../support/document-steps.ts'
import { projectFolder, Shell } from '../support/shell.ts'

const documents = [
  'README.md',
  ...globSync(['docs/**/*.md', 'examples/*.md'], { cwd: projectFolder }),
].toSorted()
const read = (file: string): string => readFileSync(path.join(projectFolder, file), 'utf8')

describe('what a document says is printed', () => {
  const names = { '/home/ada/drover': '/tmp/a.b' }

  test.each([
    ['msg_01m7wqcfq8cgxke0htca7c  delivered', 'msg_01m7wqce4f54ym1ewjmaby    delivered'],
    ['hello  idle  3  now', 'hello idle 3 12s ago'],
    ['home  /home/ada/drover/token', 'home    /tmp/a.b/token'],
    ['idle for 3 s  it waits', 'idle  it waits'],
    ['idle for 3 s  it waits', 'idle for 1.5 min  it waits'],
    ['sleeps in 1 h (15:40), 2 s ago', 'sleeps in 59 min (09:01), 1.5 h ago'],
    ['sleeps in 1 h (15:40)', 'sleeps in 1 h (2026-11-22 00:40)'],
    ['Hello, … (1)', 'Hello, I am hello. (1)'],
  ])('%s may be %s', (printed, real) => {
    expect(`${real}\n`).toMatch(toPattern([printed], names))
  })

  test.each([
    ['msg_01m7wqcfq8cgxke0htca7c  delivered', 'msg_01m7wqce4f54ym1ewjmaby  stored'],
    ['hello  idle  3  now', 'hello  idle  4  now'],
    ['idle for 3 s  it waits', 'idle for ever  it waits'],
    ['home  /home/ada/drover/token', 'home  /tmp/aXb/token'],
    ['a', 'a\nb'],
    ['a.', 'ab'],
  ])('%s may not be %s', (printed, real) => {
    expect(`${real}\n`).not.toMatch(toPattern([printed], names))
  })

  test('has any lines where a line is …', () => {
    expect('a\nb\nc\nd\n').toMatch(toPattern(['a', '…', 'd'], {}))
    expect('a\nd\n').toMatch(toPattern(['a', '…', 'd'], {}))
  })

  test('stands under its command, which may go on in the next line', () => {
    const fence = '```'
    const markdown = [
      `${fence}console run`,
      '$ one \\',
      '  two',
      'said',
      '$ three',
      fence,
      '$ no',
      `${fence}sh`,
      '$ no',
      fence,
    ].join('\n')
    expect(readSteps(markdown)).toEqual([
      { command: 'one \\\n  two', printed: ['said'], line: 2 },
      { command: 'three', printed: [], line: 5 },
    ])
  })
})

describe('the documents', () => {
  const withSteps = documents
    .map((file) => ({ file, steps: readSteps(read(file)) }))
    .filter(({ steps }) => steps.length > 0)

  test.each(withSteps)('$file prints what the commands print', async ({ file, steps }) => {
    await using shell = new Shell()
    if (!steps.some(({ command }) => command.startsWith('drover up'))) {
      await shell.run(['drover', 'up', '--detach'])
    }
    const results = await runSteps(shell, steps)
    for (const [index, { command, printed, line }] of steps.entries()) {
      const result = results[index] ?? { code: null, printed: '(it did not end)' }
      const what = `${file}:${line}: ${command}\nexit code ${result.code}, printed:\n${result.printed}`
      expect(result.printed.replace(/[^\n]$/, '$&\n'), what).toMatch(
        toPattern(printed, shell.names),
      )
      const isRefusal = printed.some((each) =>
        /^(?:drover: |\{"type":"urn:drover:error)/.test(each),
      )
      expect(result.code === 0 || isRefusal || command.startsWith('timeout '), what).toBe(true)
    }
  })

  test('some of them have commands to run', () => {
    expect(withSteps.length).toBeGreaterThan(4)
  })

  test.each(documents)('%s links to files and headings that exist', (file) => {
    const missing = [
      ...read(file).matchAll(/(?:\]\(|src(?:set)?=")([^)"#:\s]*)(?:#([^)"\s]+))?[)"]/g),
    ].filter(([, place, heading]) => {
      const target = place ? path.join(path.dirname(file), place) : file
      return (
        !existsSync(path.join(projectFolder, target)) ||
        (heading !== undefined && !headingsOf(target).includes(heading))
      )
    })
    expect(missing.map(([link]) => link)).toEqual([])
  })
})

describe('the documents name everything', () => {
  test('troubleshooting has each error as the table has it', () => {
    const rows = [
      ...read('docs/troubleshooting.md').matchAll(/^\| `(\w+)` \| (\d+) \| (\d) \| (yes|no) \|/gm),
    ].map(([, code, status, exit, retryable]) => [
      code,
      { status: Number(status), exit: Number(exit), retryable: retryable === 'yes' },
    ])
    const table = Object.entries(errorTable).map(([code, { status, exit, retryable }]) => [
      code,
      { status, exit, retryable },
    ])
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(table))
  })

  test('the table of routes says of each whether an agent may', () => {
    const words = {
      owner: '–',
      agent: 'yes',
      'agent-self': 'itself',
      visitor: 'itself',
      anyone: 'anyone',
    }
    const rows = [...read('docs/api.md').matchAll(/^\| `(\w+ \S+)` \| .* \| (\S+) \|$/gm)]
    expect(rows.map(([, route, word]) => [route, word])).toEqual(
      Object.values<Route>(routes).map(({ method, path: place, access = 'owner' }) => [
        `${method.toUpperCase()} ${place}`,
        words[access],
      ]),
    )
  })

  test.each([
    ['README.md', Object.keys(commands).map((name) => `drover ${name}`)],
    [
      'docs/start.md',
      keysOf(Config.parse({ gateway: { upstreams: { openai: { url: 'http://a' } } } })).map(
        (key) => `\`${key}\``,
      ),
    ],
    ['docs/agents.md', Object.keys(Template.shape).map((key) => `\`${key}\``)],
    [
      'docs/providers.md',
      [ChatOptions, ClaudeOptions, CodexOptions, CommandOptions].flatMap(({ shape }) =>
        Object.keys(shape).map((key) => `| \`${key}\` |`),
      ),
    ],
    [
      'docs/concepts.md',
      [...AgentStatus.options, ...ReceiptState.options].map((word) => `\`${word}\``),
    ],
    [
      'docs/runners.md',
      [...runnerInputTypes, ...runnerOutputTypes, ...runnerEventTypes, ...runnerClaims].map(
        (word) => `| \`${word}\` |`,
      ),
    ],
    ['docs/logs-and-events.md', EventType.options.map((type) => `\`${type}\``)],
    [
      'docs/api.md',
      Object.values(routes).map(
        ({ method, path: place }) => `| \`${method.toUpperCase()} ${place}\` |`,
      ),
    ],
    ['docs/architecture.md', faultPoints.map((name) => `\`${name}\``)],
  ])('%s', (file, words) => {
    const text = read(file)
    expect(words.filter((word) => !text.includes(word))).toEqual([])
  })
})

describe('the examples', () => {
  test('of runners: the one that docs/runners.md shows is the one that is there', () => {
    expect(read('docs/runners.md')).toContain(
      `\n\`\`\`python\n${read('examples/runners/echo.py')}\`\`\`\n`,
    )
  })

  test('count.sh follows a counting agent and removes it', async () => {
    await using shell = new Shell()
    await shell.run(['drover', 'up', '--detach'])
    const { code, printed } = await shell.run([path.join(projectFolder, 'examples/count.sh'), '4'])
    expect(printed).toMatch(/^count {2}idle\ncount 1\ncount 2\n(?:count \d\n)*count {2}removed\n$/)
    expect(code).toBe(0)
    expect((await shell.run(['drover', 'ps', '-a', '--json'])).printed).toBe('[]\n')
  })

  test('client.ts sends once though it sends twice, and streams the reply', async () => {
    await using shell = new Shell()
    await shell.run(['drover', 'up', '--detach'])
    const { code, printed } = await shell.run([
      'node',
      path.join(projectFolder, 'examples/client.ts'),
    ])
    expect(printed).toMatch(
      /^guide runs with chat\n.*Drover runs agents like me.*\nquestion-agent_\w+ is done, event \d+\n$/s,
    )
    expect(code).toBe(0)
    const shown = await shell.run(['drover', 'show', 'guide', '--json'])
    expect(JSON.parse(shown.printed)).toMatchObject({ status: 'asleep', turns: 1 })
  })

  test('client.ts says what is wrong where no daemon runs', async () => {
    await using shell = new Shell()
    const { code, printed } = await shell.run([
      'node',
      path.join(projectFolder, 'examples/client.ts'),
    ])
    expect(printed).toContain('daemon_unreachable: No daemon answers')
    expect(code).toBe(5)
  })

  test('note-taker.yaml makes an agent that minds its trigger and keeps its notes in its folder', async () => {
    await using shell = new Shell()
    mkdirSync(path.join(shell.home, 'templates'))
    cpSync(
      path.join(projectFolder, 'examples/note-taker.yaml'),
      path.join(shell.home, 'templates/note-taker.yaml'),
    )
    await shell.run(['drover', 'up', '--detach'])
    await shell.run(['drover', 'run', 'note-taker', '--name', 'notes', '--wait'])
    const ask = async (text: string): Promise<string> =>
      (await shell.run(['drover', 'send', 'notes', text, '--wait'])).printed.trim()
    expect(await ask('Nobody asked you.')).toBe('')
    expect(await ask('Remember for the notes: tea is at four.')).toContain(
      'I wrote that into my memory file.',
    )
    expect(readFileSync(path.join(shell.work, 'NOTES.md'), 'utf8')).toContain('tea is at four.')
  })

  test('config.yaml leads chat agents to its endpoint', async () => {
    const { gateway, port } = Config.parse(parse(read('examples/config.yaml')))
    expect(port).toBe(7717)
    const server = await startModelServer()
    try {
      await using shell = new Shell()
      shell.configure({ openai: { ...gateway.upstreams.openai, url: `${server.url}/v1` } })
      await shell.run(['drover', 'up', '--detach'])
      const { printed } = await shell.run([
        'drover',
        'run',
        'chat',
        'over the wire',
        '--wait',
        '--json',
      ])
      expect(JSON.parse(printed)).toMatchObject({ receipt: 'done', reply: 'echo: over the wire' })
    } finally {
      await server.close()
    }
  })
})

/** Runs the commands in one shell, so that folders and variables carry over. */
async function runSteps(
  shell: Shell,
  steps: readonly Step[],
): Promise<{ code: number; printed: string }[]> {
  const script = steps
    .map(
      ({ command }, index) =>
        `${command}\n__code=$?; printf '\\n@@@ ${index} %d\\n' "$__code"; (exit "$__code")\n`,
    )
    .join('')
  const { printed } = await shell.run(['bash', '--norc', '-c', `exec 2>&1\n${script}`])
  const results: { code: number; printed: string }[] = []
  let rest = printed
  for (const match of printed.matchAll(/\n@@@ \d+ (\d+)\n/g)) {
    const start = printed.length - rest.length
    results.push({ code: Number(match[1]), printed: printed.slice(start, match.index) })
    rest = printed.slice(match.index + match[0].length)
  }
  return results
}

/** As GitHub makes anchors of headings. */
function headingsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

/** The last names of all keys, however deep. */
function keysOf(value: object): string[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => [
    key,
    ...(typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? keysOf(inner) : []),
  ])
}
