import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { DroverError } from '../../schema/error.ts'

/** Words of tar that are kept for an error, characters. */
const mostWords = 2000

/** The machine's own `tar` at work on pipes. */
export interface TarProcess {
  stdin: Writable
  stdout: Readable
  /** Resolves once it has ended well. Errors: `copy_failed`, `program_not_found`. */
  done: Promise<void>
  end(): void
}

export function runTar(args: readonly string[]): TarProcess {
  // Without options of the person's own, and without a Mac's files beside files.
  const { TAR_OPTIONS: _, ...env } = process.env
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn('tar', args, {
    env: { ...env, COPYFILE_DISABLE: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-mostWords)
  })
  child.stdin.on('error', () => undefined)
  const done = awaitEnd(child, () => words)
  // Whoever awaits it hears of a failure.
  done.catch(() => undefined)
  return { stdin: child.stdin, stdout: child.stdout, done, end: () => child.kill('SIGTERM') }
}

async function awaitEnd(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  words: () => string,
): Promise<void> {
  let code: unknown
  try {
    ;[code] = (await once(child, 'close')) as unknown[]
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? new DroverError('program_not_found', 'cp: there is no program tar on this machine.')
      : error
  }
  if (code !== 0) {
    const said = words().trim().split('\n')[0] ?? ''
    throw new DroverError('copy_failed', `tar ended with ${String(code)}: ${said}`)
  }
}
