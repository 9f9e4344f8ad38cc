import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A program that reads lines from its stdin and puts down when it had each one, by the system's
 * clock, to the microsecond. It is as small as a program can be: one process of a shell.
 */
export function readingProgram(file: string): [string, ...string[]] {
  const script =
    'while IFS= read -r line; do printf "%s %s\\n" "$EPOCHREALTIME" "$line" >>"$0"; done'
  return ['/bin/bash', '-c', script, file]
}

/** The same, and it answers: only who has answered is through with a message. */
export function answeringProgram(file: string): [string, ...string[]] {
  const script =
    'while IFS= read -r line; do printf "%s %s\\n" "$EPOCHREALTIME" "$line" >>"$0"; echo ok; done'
  return ['/bin/bash', '-c', script, file]
}

/** The same of the size that most agent programs have: a Node process. */
export function readingNodeProgram(file: string): [string, ...string[]] {
  const script = `
    const { appendFileSync } = process.getBuiltinModule('node:fs')
    process.stdin.on('data', (chunk) => {
      const now = ((performance.timeOrigin + performance.now()) / 1000).toFixed(6)
      appendFileSync(process.argv[1], now + ' ' + chunk)
    })`
  return [process.execPath, '-e', script, file]
}

/** When each of these lines was read, Unix ms, in their order; waits until all were. */
export async function awaitRecords(file: string, lines: readonly string[]): Promise<number[]> {
  const deadline = performance.now() + 30_000
  while (performance.now() < deadline) {
    const records = readRecords(file)
    const times = lines.map((line) => records.get(line))
    if (times.every((time) => time !== undefined)) {
      return times
    }
    await sleep(2)
  }
  throw new Error(`Not all of ${lines.length} lines were read.`)
}

function readRecords(file: string): Map<string, number> {
  const text = readFileSync(file, { encoding: 'utf8', flag: 'a+' })
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return new Map(
    Array.from(whole.matchAll(/^(\d+\.\d+) (.*)$/gm), ([, time, line]) => [
      line ?? '',
      Number(time) * 1000,
    ]),
  )
}

/** Now, on the same clock. */
export const unixMs = (): number => performance.timeOrigin + performance.now()
