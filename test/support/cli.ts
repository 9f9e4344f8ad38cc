import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Problem } from '../../src/schema/error.ts'
import { mainFile } from './daemon.ts'

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface CliOptions {
  env: Record<string, string>
  cwd?: string
  /** The program called, with its first arguments; left out: `drover`, from source. */
  program?: readonly [string, ...string[]]
  /** What standard input holds. */
  input?: string | Uint8Array
}

/** One call of `drover`, from source, to its end. */
export async function runDrover(
  args: readonly (string | Uint8Array)[],
  { env, cwd, program = [process.execPath, mainFile], input }: CliOptions,
): Promise<CliResult> {
  const [file, ...first] = program
  const child = spawn(file, [...first, ...args.map(String)], {
    env,
    cwd: cwd ?? env['DROVER_HOME'],
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  // A program that has read enough closes its input early.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return {
    code,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  }
}

/** The problem that a call with `--json` ended with. */
export function problemOf({ stderr }: CliResult): Problem {
  try {
    return JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as Problem
  } catch {
    throw new Error(`No problem JSON on stderr: ${stderr}`)
  }
}
