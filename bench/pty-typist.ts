import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Scratch } from './scratch.ts'

/** Types so many keys, one after the other, and gives how long each took to be shown, ms. */
export type Typist = (count: number) => Promise<number[]>

/** Somebody who types under a pty that a program has, 80 × 24. */
export function startTypist(
  scratch: Scratch,
  python: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Typist {
  const file = fileURLToPath(new URL('programs/pty-echo.py', import.meta.url))
  const child = scratch.spawn([python, file, ...argv], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...env, TERM: 'xterm-256color' },
  })
  const { stdin, stdout } = child
  if (!stdin || !stdout) {
    throw new Error('The typist has no pipes.')
  }
  const lines = createInterface({ input: stdout })
  return async (count) => {
    const answered = once(lines, 'line')
    stdin.write(`${count}\n`)
    const [line] = (await answered) as [string]
    return JSON.parse(line) as number[]
  }
}
