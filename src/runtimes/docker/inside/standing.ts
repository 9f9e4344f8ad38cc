import { DroverError } from '../../../schema/error.ts'

/** How a run stands inside, as `courier.sh` tells it in its first line. */
export interface Standing {
  /** Of its holder; null: none has begun. */
  pid: number | null
  startTime: string | null
  isAlive: boolean
  inBytes: number
  outBytes: number
  errBytes: number
  /** As the shell has it; null while there is none. */
  exit: number | null
  /** The system ended programs for want of memory here while it ran. */
  isOutOfMemory: boolean
  /** Somebody took it away before it began. */
  isGivenUp: boolean
}

/** Null: the run's folder is not there inside. Errors: `engine_failed` for what is no such line. */
export function readStanding(line: string): Standing | null {
  if (line === 'drover gone') {
    return null
  }
  const match = /^drover (\S+) (\S+) (alive|dead) (\d+) (\d*) (\d*) (\S+) (\S+) (\S+)$/.exec(line)
  if (!match) {
    throw new DroverError(
      'engine_failed',
      `A shell inside said: ${line.slice(0, 300) || 'nothing'}`,
    )
  }
  const [, pid, start, alive, inBytes, outBytes, errBytes, exit, oom, claim] = match
  return {
    pid: numberOf(pid),
    startTime: start === '-' ? null : (start ?? null),
    isAlive: alive === 'alive',
    inBytes: Number(inBytes),
    outBytes: Number(outBytes),
    errBytes: Number(errBytes),
    exit: numberOf(exit),
    isOutOfMemory: oom === 'oom',
    isGivenUp: claim === 'none',
  }
}

function numberOf(word: string | undefined): number | null {
  return word !== undefined && /^\d+$/.test(word) ? Number(word) : null
}
