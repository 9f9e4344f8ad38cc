/**
 * The composition root: the only file that knows everybody. It is read by any Node, also one far too
 * old, so up to the version check there is no import and no syntax that Node 12 can't parse.
 */
import type { CliContext, ReadyNotice } from './cli/context.ts'

const floor = [24, 15]

/** One line about a Node that is too old, or null. */
function nodeProblem(version: string): string | null {
  const parts = version.split('.').map(Number)
  const major = parts[0] || 0
  const minor = parts[1] || 0
  if (major > floor[0]! || (major === floor[0]! && minor >= floor[1]!)) {
    return null
  }
  return `drover: needs Node.js ${floor.join('.')} or newer; this is ${version}. See nodejs.org, or use the Node that Drover's package brings along.`
}

function readVersion(): string {
  const { readFileSync } = process.getBuiltinModule('node:fs')
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Compiled code is kept between calls: a cold start reads it instead of parsing again. */
function enableCompileCache(): void {
  const { HOME, XDG_CACHE_HOME, NODE_COMPILE_CACHE } = process.env
  const base = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`)
  if (base && base.startsWith('/') && !NODE_COMPILE_CACHE) {
    process.getBuiltinModule('node:module').enableCompileCache(`${base}/drover/compiled`)
  }
}

function notifyParent(notice: ReadyNotice): void {
  if (process.send) {
    process.send(notice, () => process.disconnect && process.disconnect())
  }
}

async function main(): Promise<void> {
  const [{ runCli }, { resolveHome }] = await Promise.all([
    import('./cli/program.ts'),
    import('./util/home.ts'),
  ])
  const context: CliContext = {
    get version() {
      return readVersion()
    },
    home: resolveHome(process.env),
    env: process.env,
    cwd: process.cwd(),
    get stdin() {
      return process.stdin
    },
    stdout: process.stdout,
    stderr: process.stderr,
    self: [process.execPath, ...process.execArgv, process.argv[1]!],
    exit: (code) => process.exit(code),
    notifyParent: process.send ? notifyParent : null,
    startDaemon: async (options) => (await import('./daemon-root.ts')).startDaemon(options),
    localDoctor: async (options) => (await import('./daemon-root.ts')).localDoctor(options),
    checkRunner: async (request) =>
      (await import('./providers/ndjson/check/check-runner.ts')).checkRunner(request),
  }
  process.exitCode = await runCli(process.argv.slice(2), context)
}

const problem = nodeProblem(process.versions.node)
if (problem === null) {
  enableCompileCache()
  main().catch((error) => {
    process.stderr.write(`drover: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
} else {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}
