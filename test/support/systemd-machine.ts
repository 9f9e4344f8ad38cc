import path from 'node:path'
import { canRunDocker, DockerEngine, type DockerResult } from './docker-engine.ts'
import { realProgram, requireOrSkip } from './real-programs.ts'
import { projectFolder } from './shell.ts'
import { waitFor } from './wait-for.ts'

/** The tar of a small Debian with systemd, and a user `ada` whose user manager lingers. */
const image = realProgram('systemd')

/** `test` where a machine with systemd can be had. */
export const testWithSystemd = requireOrSkip('systemd', canRunDocker && image !== null)

/** Who is on the machine. */
export type MachineUser = 'root' | 'ada'

const homes: Readonly<Record<MachineUser, string>> = { root: '/root', ada: '/home/ada' }

/** What a run of tests inside came to. */
export interface InsideResult {
  passed: number
  skipped: string[]
  /** Titles with what went wrong; also of files that could not be run at all. */
  failed: string[]
}

/** The part that is read of what vitest's JSON reporter writes. */
interface Report {
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { fullName: string; status: string; failureMessages: string[] | null }[]
  }[]
}

/**
 * A container with systemd as its PID 1 and the checkout, with its Node, at the same path, read-only:
 * a machine that tests may do with as they like. `await using` leaves nothing of it.
 */
export class SystemdMachine implements AsyncDisposable {
  readonly engine: DockerEngine
  readonly #id: string

  private constructor(engine: DockerEngine, id: string) {
    this.engine = engine
    this.#id = id
  }

  static async start(): Promise<SystemdMachine> {
    const engine = await DockerEngine.start()
    try {
      const name = 'drover-test-systemd'
      await engine.run([
        'import',
        '-c',
        'CMD ["/sbin/init"]',
        '-c',
        'ENV container docker',
        image!,
        name,
      ])
      const machine = new SystemdMachine(
        engine,
        await engine.run(['run', '-d', ...runArguments, name]),
      )
      await waitFor('systemd to have booted', async () => {
        const { stdout } = await machine.exec(['systemctl', 'is-system-running'])
        return ['running', 'degraded'].includes(stdout.trim())
      })
      return machine
    } catch (error) {
      await engine[Symbol.asyncDispose]()
      throw error
    }
  }

  /** One command on the machine, to its end. */
  async exec(
    argv: readonly string[],
    {
      user = 'root',
      env = {},
      cwd = '/',
      deadlineMs = 120_000,
    }: {
      user?: MachineUser
      env?: Record<string, string>
      cwd?: string
      deadlineMs?: number
    } = {},
  ): Promise<DockerResult> {
    const all = {
      HOME: homes[user],
      USER: user,
      LANG: 'C.UTF-8',
      PATH: `${path.dirname(process.execPath)}:${projectFolder}/node_modules/.bin:/usr/bin:/bin`,
      ...env,
    }
    const given = Object.entries(all).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    return await this.engine.call(
      ['exec', '-u', user, '-w', cwd, ...given, this.#id, ...argv],
      deadlineMs,
    )
  }

  /** Runs test files of `test/inside/` on the machine. */
  async runTests(
    files: readonly string[],
    { user, deadlineMs }: { user: MachineUser; deadlineMs: number },
  ): Promise<InsideResult> {
    const vitest = ['vitest', 'run', '--configLoader', 'native', '--project', 'inside']
    const report = `/tmp/report-${user}.json`
    const { code, stdout, stderr } = await this.exec(
      [...vitest, '--reporter=json', `--outputFile=${report}`, ...files],
      { user, cwd: projectFolder, deadlineMs },
    )
    const written = await this.exec(['cat', report])
    if (written.code !== 0) {
      throw new Error(`The tests inside left no result (exit ${code}): ${stderr}\n${stdout}`)
    }
    const result = readReport(written.stdout)
    const isUntold = code !== 0 && result.failed.length === 0
    return isUntold ? { ...result, failed: [`vitest ended with ${code}: ${stderr}`] } : result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]()
  }
}

/** Cgroups are the host's: systemd inside has the groups below its container's own. */
const runArguments = [
  '--net=none',
  '--cap-add=SYS_ADMIN',
  '--cgroupns=host',
  '--security-opt=seccomp=unconfined',
  '--stop-signal=SIGRTMIN+3',
  '--tmpfs=/run',
  '--tmpfs=/run/lock',
  '--tmpfs=/tmp:exec',
  '--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw',
  `--volume=${projectFolder}:${projectFolder}:ro`,
]

function readReport(text: string): InsideResult {
  const { testResults } = JSON.parse(text) as Report
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const of = (status: string): typeof tests => tests.filter((each) => each.status === status)
  const unread = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((each) => each.status !== 'failed'),
  )
  return {
    passed: of('passed').length,
    skipped: tests
      .filter(({ status }) => !['passed', 'failed'].includes(status))
      .map(({ fullName }) => fullName),
    failed: [
      ...of('failed').map(({ fullName, failureMessages }) =>
        [fullName, ...(failureMessages ?? [])].join('\n'),
      ),
      ...unread.map(({ name, message }) => `${name}: ${message}`),
    ],
  }
}
