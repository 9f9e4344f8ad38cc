import { Transform } from 'node:stream'
import type { CliContext } from '../context.ts'
import { startSpinner } from '../spinner.ts'

/** Counts what goes through, and says so on stderr where that takes a while. */
export async function withProgress<Result>(
  context: CliContext,
  what: string,
  work: (counter: Transform) => Promise<Result>,
): Promise<Result> {
  const spinner = startSpinner(context, what)
  let bytes = 0
  const counter = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length
      spinner.say(`${what}, ${formatBytes(bytes)}`)
      done(null, chunk)
    },
  })
  try {
    return await work(counter)
  } finally {
    spinner.stop()
  }
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`
}
