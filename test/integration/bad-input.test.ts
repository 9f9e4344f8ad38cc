import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isErrorCode } from '../../src/schema/error.ts'
import { errorTable } from '../../src/schema/error-table.ts'
import { problemOf, runDrover, type CliOptions } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { snapshotOf } from '../support/snapshot.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

let daemon: TestDaemon
let folder: string

const templates: Record<string, string> = {
  'no-yaml': 'provider: [command\n',
  'unknown-key': 'provider: command\nprogram: [cat]\ncolour: red\n',
  'no-provider': 'description: nothing else\n',
  'bad-provider': 'provider: teapot\n',
  'bad-runtime': 'provider: command\nprogram: [cat]\nruntime: cloud\n',
  'bad-env': 'provider: command\nprogram: [cat]\nenv:\n  GOOD: "1"\n  ANTHROPIC_API_KEY: secret\n',
  'bad-dir': 'provider: command\nprogram: [cat]\ndir: /does/not/exist\n',
  'not-a-map': '- provider\n- command\n',
}

beforeAll(async () => {
  daemon = await startTestDaemon()
  folder = createTemporaryFolder()
  mkdirSync(daemon.home.templatesFolder, { recursive: true })
  for (const [name, text] of Object.entries(templates)) {
    writeFileSync(path.join(daemon.home.templatesFolder, `${name}.yaml`), text)
  }
  writeFileSync(path.join(folder, 'file'), 'no folder')
  writeFileSync(path.join(folder, 'not-executable'), 'no program')
  await daemon.client.run(
    { template: 'command', name: 'taken', program: ['/bin/cat'] },
    { waitSeconds: 10 },
  )
  await daemon.client.send('taken', { id: 'used', body: 'first' }, { waitSeconds: 10 })
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
})

interface Refusal {
  title: string
  args: readonly string[]
  exit: number
  code: string
  /** What `details.field` names; null where the CLI itself refuses the call. */
  field: string | null
  /** What the sentence says besides. */
  says?: string
  input?: CliOptions['input']
}

const cat = ['--', 'cat']
const run = (name: string): string[] => ['run', 'command', '--name', name, '--json', ...cat]

/** A call is refused as specified, and leaves everything as it was. */
async function expectRefused({ args, exit, code, field, says, input }: Refusal): Promise<void> {
  const before = await snapshotOf(daemon)
  const result = await runDrover(args, {
    env: daemon.env,
    cwd: folder,
    ...(input === undefined ? {} : { input }),
  })
  expect(result.stdout).toBe('')
  const problem = problemOf(result)
  expect(
    { exit: result.code, code: problem.code, field: problem.details?.field ?? null },
    problem.detail,
  ).toEqual({ exit, code, field })
  expect(problem.hint).toBe(isErrorCode(code) ? errorTable[code].hint : '')
  if (says !== undefined) {
    expect(problem.detail).toContain(says)
  }
  expect(await snapshotOf(daemon)).toEqual(before)
}

const invalidName = { exit: 2, code: 'invalid_name', field: 'name' }
const names: Refusal[] = [
  { title: 'that is taken', args: run('taken'), exit: 1, code: 'name_taken', field: 'name' },
  { title: 'that is empty', args: run(''), ...invalidName },
  { title: 'of 300 characters', args: run('x'.repeat(300)), ...invalidName },
  { title: 'of 64 characters', args: run('x'.repeat(64)), ...invalidName },
  { title: 'that climbs out of a folder', args: run('../x'), ...invalidName },
  { title: 'with a slash', args: run('a/b'), ...invalidName },
  { title: 'with a space', args: run('a b'), ...invalidName },
  { title: 'with a dot', args: run('.'), ...invalidName },
  { title: 'with a newline', args: run('a\nb'), ...invalidName },
  { title: 'with a Cyrillic letter that looks Latin', args: run('t\u0430ken'), ...invalidName },
  { title: 'written from right to left', args: run('\u202etaken'), ...invalidName },
  { title: 'with a space of no width', args: run('tak\u200ben'), ...invalidName },
  { title: 'with letters of full width', args: run('\uff54aken'), ...invalidName },
  { title: 'with a combined accent', args: run('e\u0301'), ...invalidName },
  { title: 'with a terminal code', args: run('\u001b[31mred'), ...invalidName },
]

const found: Refusal[] = [
  {
    title: 'an unknown template',
    args: ['run', 'nothing', '--json'],
    exit: 3,
    code: 'template_not_found',
    field: 'template',
    says: 'nothing',
  },
  {
    title: 'a template outside the folder',
    args: ['run', '../config', '--json'],
    exit: 3,
    code: 'template_not_found',
    field: 'template',
  },
  {
    title: 'an unknown runtime',
    args: ['run', 'command', '--in', 'cloud', '--json', ...cat],
    exit: 3,
    code: 'runtime_not_found',
    field: 'runtime',
    says: 'process',
  },
  {
    title: 'an unknown agent',
    args: ['send', 'nobody', 'hi', '--json'],
    exit: 3,
    code: 'agent_not_found',
    field: 'name',
  },
  {
    title: 'an agent whose name only looks the same',
    args: ['send', 't\u0430ken', 'hi', '--json'],
    exit: 3,
    code: 'agent_not_found',
    field: 'name',
  },
  {
    title: 'an agent outside the folder',
    args: ['show', '../taken', '--json'],
    exit: 3,
    code: 'agent_not_found',
    field: 'name',
  },
  { title: 'an unknown command', args: ['fly', '--json'], exit: 2, code: 'usage', field: null },
  {
    title: 'an unknown option',
    args: ['ps', '--fly', '--json'],
    exit: 2,
    code: 'usage',
    field: null,
  },
  {
    title: 'a missing program',
    args: ['run', 'command', '--json', '--', 'no-such-program'],
    exit: 3,
    code: 'program_not_found',
    field: 'program',
    says: 'no-such-program',
  },
  {
    title: 'a program that is no program',
    args: ['run', 'command', '--json', '--', './not-executable'],
    exit: 3,
    code: 'program_not_found',
    field: 'program',
  },
  {
    title: 'a command without its program',
    args: ['run', 'command', '--json'],
    exit: 2,
    code: 'invalid_request',
    field: 'program',
  },
  {
    title: 'a command with an empty program',
    args: ['run', 'command', '--json', '--', ''],
    exit: 2,
    code: 'invalid_request',
    field: 'program',
  },
  {
    title: 'an option that the provider has not',
    args: ['run', 'command', '--option', 'colour=red', '--json', ...cat],
    exit: 2,
    code: 'invalid_request',
    field: 'options.colour',
  },
  {
    title: 'a model for a provider without models',
    args: ['run', 'command', '--model', 'm', '--json', ...cat],
    exit: 2,
    code: 'unsupported',
    field: 'model',
  },
  {
    title: 'a provider whose program is missing',
    args: ['run', 'claude', '--json'],
    exit: 3,
    code: 'program_not_found',
    field: 'provider',
    says: 'npm install',
  },
]

const dirs: Refusal[] = [
  {
    title: 'that does not exist',
    args: ['run', 'command', '--dir', '/does/not/exist', '--json', ...cat],
    exit: 2,
    code: 'invalid_dir',
    field: 'dir',
    says: '/does/not/exist',
  },
  {
    title: 'that is a file',
    args: ['run', 'command', '--dir', 'file', '--json', ...cat],
    exit: 2,
    code: 'invalid_dir',
    field: 'dir',
    says: 'no folder',
  },
  {
    title: 'below a file',
    args: ['run', 'command', '--dir', 'file/x', '--json', ...cat],
    exit: 2,
    code: 'invalid_dir',
    field: 'dir',
  },
  {
    title: 'that a template names and that does not exist',
    args: ['run', 'bad-dir', '--json', '--dir', '/does/not/exist'],
    exit: 2,
    code: 'invalid_dir',
    field: 'dir',
  },
]

const env = (pair: string): readonly string[] => ['run', 'command', '--env', pair, '--json', ...cat]
const environments: Refusal[] = [
  { title: 'without a name', args: env('=x'), exit: 2, code: 'invalid_env', field: 'env' },
  ...['1A=x', 'A-B=x', 'A B=x', '\u0430=x'].map((pair) => ({
    title: `named ${JSON.stringify(pair)}`,
    args: env(pair),
    exit: 2,
    code: 'invalid_env',
    field: `env.${pair.slice(0, -2)}`,
  })),
  ...[
    'CLAUDE_CONFIG_DIR',
    'CODEX_HOME',
    'OLLAMA_HOST',
    'ANTHROPIC_API_KEY',
    'OPENAI_API_KEY',
    'GEMINI_API_KEY',
    'anthropic_api_key',
    'DROVER_RUN',
  ].map((name) => ({
    title: `named ${name}`,
    args: env(`${name}=x`),
    exit: 2,
    code: 'invalid_env',
    field: `env.${name}`,
  })),
]

const files: Refusal[] = [
  {
    title: 'that is no YAML',
    args: ['run', 'no-yaml', '--json'],
    exit: 2,
    code: 'invalid_template',
    field: null,
    says: 'no-yaml.yaml:',
  },
  {
    title: 'with an unknown key, by its line',
    args: ['run', 'unknown-key', '--json'],
    exit: 2,
    code: 'invalid_template',
    field: 'colour',
    says: 'unknown-key.yaml:3',
  },
  {
    title: 'without a provider',
    args: ['run', 'no-provider', '--json'],
    exit: 2,
    code: 'invalid_template',
    field: 'provider',
  },
  {
    title: 'with an unknown provider',
    args: ['run', 'bad-provider', '--json'],
    exit: 2,
    code: 'invalid_template',
    field: 'provider',
    says: 'teapot',
  },
  {
    title: 'with an unknown runtime',
    args: ['run', 'bad-runtime', '--json'],
    exit: 3,
    code: 'runtime_not_found',
    field: 'runtime',
    says: 'cloud',
  },
  {
    title: 'with a variable of a provider, by its line',
    args: ['run', 'bad-env', '--json'],
    exit: 2,
    code: 'invalid_template',
    field: 'env.ANTHROPIC_API_KEY',
    says: 'bad-env.yaml:5',
  },
  {
    title: 'that is a list',
    args: ['run', 'not-a-map', '--json'],
    exit: 2,
    code: 'invalid_template',
    field: '',
  },
]

const tooLarge = 'x'.repeat(10 * 1024 * 1024)
const texts: Refusal[] = [
  {
    title: 'of 10 MB',
    args: ['send', 'taken', '-', '--json'],
    input: tooLarge,
    exit: 2,
    code: 'message_too_large',
    field: 'body',
  },
  {
    title: 'of 1 byte too much',
    args: ['send', 'taken', '-', '--json'],
    input: 'x'.repeat(1024 * 1024 + 1),
    exit: 2,
    code: 'message_too_large',
    field: 'body',
  },
  {
    title: 'with NUL',
    args: ['send', 'taken', '-', '--json'],
    input: 'a\0b',
    exit: 2,
    code: 'invalid_message',
    field: 'body',
    says: 'NUL',
  },
  {
    title: 'that is not UTF-8',
    args: ['send', 'taken', '-', '--json'],
    input: Buffer.from([0x61, 0xff, 0xfe, 0x62]),
    exit: 2,
    code: 'invalid_message',
    field: 'body',
    says: 'UTF-8',
  },
  {
    title: 'with half a character',
    args: ['send', 'taken', '-', '--json'],
    input: Buffer.from('ü').subarray(0, 1),
    exit: 2,
    code: 'invalid_message',
    field: 'body',
    says: 'UTF-8',
  },
  {
    title: 'with an encoded surrogate',
    args: ['send', 'taken', '-', '--json'],
    input: Buffer.from([0xed, 0xa0, 0x80]),
    exit: 2,
    code: 'invalid_message',
    field: 'body',
  },
  {
    title: 'that is empty',
    args: ['send', 'taken', '', '--json'],
    exit: 2,
    code: 'invalid_message',
    field: 'body',
  },
  {
    title: 'that is nothing on standard input',
    args: ['send', 'taken', '-', '--json'],
    input: '',
    exit: 2,
    code: 'invalid_message',
    field: 'body',
  },
  {
    title: 'of 10 MB, as the first',
    args: ['run', 'command', '-', '--json', ...cat],
    input: tooLarge,
    exit: 2,
    code: 'message_too_large',
    field: 'body',
  },
  {
    title: 'with NUL, as the first',
    args: ['run', 'command', '-', '--json', ...cat],
    input: '\0',
    exit: 2,
    code: 'invalid_message',
    field: 'body',
  },
  {
    title: 'under an id that has another text',
    args: ['send', 'taken', 'second', '--id', 'used', '--json'],
    exit: 1,
    code: 'conflict',
    field: 'id',
  },
  {
    title: 'under an id that is none',
    args: ['send', 'taken', 'x', '--id', '../x', '--json'],
    exit: 2,
    code: 'invalid_request',
    field: 'id',
  },
]

describe.each([
  ['a name', names],
  ['what is not there:', found],
  ['a folder', dirs],
  ['a variable', environments],
  ['a template file', files],
  ['a message', texts],
])('%s', (_, refusals) => {
  test.each(refusals)('$title is refused', expectRefused)
})

test('a template file that is broken is listed with what is wrong, and the good ones still work', async () => {
  const listed = await daemon.client.templates()
  for (const name of Object.keys(templates).filter(
    (each) => each !== 'bad-runtime' && each !== 'bad-dir',
  )) {
    expect(listed.find((each) => each.name === name)?.problem, name).toContain(`${name}.yaml`)
  }
  expect(listed.find(({ name }) => name === 'hello')?.problem).toBeNull()
})

test('what people read names the field and the way out, in two lines and with no stack', async () => {
  const { code, stderr } = await runDrover(['run', 'command', '--name', '../x', '--', 'cat'], {
    env: daemon.env,
  })
  expect(code).toBe(2)
  expect(stderr.trimEnd().split('\n')).toEqual([
    'drover: name: must be 1 to 63 letters, digits, "-" or "_", and start with a letter or digit.',
    `  ${errorTable.invalid_name.hint}`,
  ])
})
