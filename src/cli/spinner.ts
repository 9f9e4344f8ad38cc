import { createColors, wantsColors } from './colors.ts'
import type { CliContext } from './context.ts'
import { formatDuration } from './relative-time.ts'
import { textWidth, truncateText } from './text-width.ts'

export const spinnerFrames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const frameMs = 80
/** A wait shorter than this shows nothing. */
const patienceMs = 300

/** Runs the work; a wait that lasts shows on stderr, when that is a terminal, and leaves no trace. */
export async function withSpinner<Result>(
  context: CliContext,
  text: string,
  work: Promise<Result>,
): Promise<Result> {
  const spinner = startSpinner(context, text)
  try {
    return await work
  } finally {
    spinner.stop()
  }
}

/** A spinner that is stopped by hand; stopping twice is harmless. */
export interface Spinner {
  /** What is waited for from now on. */
  say(text: string): void
  /** A line that stays; the spinner goes on below it. */
  note(text: string): void
  /** Leaves its line to something else that is printed now. */
  clear(): void
  stop(): void
}

export function startSpinner({ stderr, env }: CliContext, firstText: string): Spinner {
  if (stderr.isTTY !== true) {
    return {
      say: () => undefined,
      note: (text) => stderr.write(`${text}\n`),
      clear: () => undefined,
      stop: () => undefined,
    }
  }
  let text = firstText
  const colors = createColors(wantsColors(true, env))
  const startedAt = performance.now()
  let isShown = false
  let count = 0
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startedAt
    if (elapsedMs < patienceMs) {
      return
    }
    isShown = true
    const frame = spinnerFrames[count++ % spinnerFrames.length] ?? ''
    const time = elapsedMs >= 2000 ? ` ${formatDuration(elapsedMs)}` : ''
    const room = (stderr.columns ?? 80) - textWidth(time) - 3
    stderr.write(`\r\u001B[2K${colors.cyan(frame)} ${truncateText(text, room)}${colors.dim(time)}`)
  }, frameMs)
  const clear = (): void => {
    if (isShown) {
      isShown = false
      stderr.write('\r\u001B[2K')
    }
  }
  return {
    say: (next) => {
      text = next
    },
    note: (line) => {
      clear()
      stderr.write(`${line}\n`)
    },
    clear,
    stop: () => {
      clearInterval(timer)
      clear()
    },
  }
}
