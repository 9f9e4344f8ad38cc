/**
 * `npm test`: dependencies, build, what the suites need from outside, then every check.
 *
 *   npm test                      all of it
 *   npm test -- unit contract     only these
 *
 * What can't be had here is skipped with one line, unless REQUIRE names it (`REQUIRE=claude,tmux`,
 * or `REQUIRE=all`): then it is a failure.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build, installDependencies, pinnedNode, root, runScript } from './prepare.mjs'
import { prepareOutside } from './test-outside.mjs'

const bin = (name) => path.join(root, 'node_modules', '.bin', name)

/** Checks that are one command: passed or failed. */
const commands = {
  types: [bin('tsc'), '--noEmit'],
  'web-types': [bin('tsc'), '--noEmit', '-p', 'src/web'],
  lint: [bin('oxlint'), '--type-aware', '--deny-warnings'],
  format: [bin('oxfmt'), '--check'],
}

/** Suites of vitest, one project each. */
const suites = ['unit', 'contract', 'integration', 'chaos', 'e2e']

/** What is run side by side: checks that need one processor, and suites that mostly wait. */
const rounds = [
  ['types', 'web-types', 'format'],
  ['lint'],
  ['unit'],
  ['contract'],
  ['integration'],
  ['chaos', 'e2e'],
]

await runScript(async () => {
  const asked = process.argv.slice(2)
  const all = [...Object.keys(commands), ...suites]
  const unknown = asked.find((name) => !all.includes(name))
  if (unknown) {
    console.error(`There is no check ${unknown}; there are: ${all.join(', ')}.`)
    return 2
  }
  await installDependencies()
  await build()
  const env = { ...process.env, ...(await prepareOutside()) }
  env.PATH = `${path.dirname(pinnedNode())}${path.delimiter}${env.PATH}`
  const rows = []
  for (const round of rounds) {
    const names = round.filter((each) => asked.length === 0 || asked.includes(each))
    rows.push(
      ...(await Promise.all(names.map(async (name, index) => await check(name, index, env)))),
    )
  }
  return report(rows)
})

/** The first of a round is shown as it goes, each other one when it is over. */
async function check(name, index, env) {
  const print = index === 0 ? null : []
  const head = `\n== ${name}`
  if (!print) {
    console.log(head)
  }
  const row = commands[name]
    ? await runCommand(name, { env, print })
    : await runSuite(name, { env, print })
  if (print) {
    console.log(`${head}\n${print.join('')}`)
  }
  return row
}

async function runCommand(name, place) {
  const startedAt = Date.now()
  const code = await run(commands[name], place)
  return {
    name,
    passed: code === 0 ? 1 : 0,
    failed: code === 0 ? 0 : 1,
    skipped: 0,
    ms: Date.now() - startedAt,
  }
}

/** A suite that ends without its result, or ran no test, has failed. */
async function runSuite(name, place) {
  const startedAt = Date.now()
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-test-'))
  const file = path.join(folder, 'result.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const code = await run([bin('vitest'), 'run', '--project', name, ...reporters], place)
    const result = JSON.parse(readFileSync(file, 'utf8'))
    const failed = result.numFailedTests + (code !== 0 && result.numFailedTests === 0 ? 1 : 0)
    const isEmpty = result.numPassedTests + failed === 0
    return {
      name,
      passed: result.numPassedTests,
      failed: isEmpty ? 1 : failed,
      skipped: result.numPendingTests,
      ms: Date.now() - startedAt,
    }
  } catch (error) {
    console.error(`${name} left no result: ${error.message}`)
    return { name, passed: 0, failed: 1, skipped: 0, ms: Date.now() - startedAt }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `print` takes what it says; null: it says it here and now. */
function run([program, ...args], { env, print }) {
  return new Promise((resolve, reject) => {
    const stdio = print ? ['ignore', 'pipe', 'pipe'] : 'inherit'
    const child = spawn(program, args, { cwd: root, stdio, env })
    for (const stream of print ? [child.stdout, child.stderr] : []) {
      stream.setEncoding('utf8').on('data', (text) => print.push(text))
    }
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

function report(rows) {
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0)
  console.log('')
  for (const { name, passed, failed, skipped, ms } of rows) {
    const seconds = `${(ms / 1000).toFixed(1)} s`
    console.log(
      `${name.padEnd(12)}${String(passed).padStart(5)} passed${String(failed).padStart(4)} failed${String(skipped).padStart(4)} skipped${seconds.padStart(9)}`,
    )
  }
  const skipped = sum('skipped')
  if (skipped > 0) {
    console.log(
      `\n${skipped} skipped: this machine does not have what they need, see the lines above`,
    )
  }
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`)
  return sum('failed') > 0 ? 1 : 0
}
