import { writeSync } from 'node:fs'
import type { RunnerEvent, RunnerOutput } from '../ndjson/protocol.ts'
import { encodeRunnerLine } from '../ndjson/protocol.ts'

/** How long a full disk or pipe may keep a line waiting before the program gives up, ms. */
const patienceMs = 30_000
const pauseMs = 20

/** The program's stdout: whole lines, in order, nothing dropped. */
export interface Output {
  print(line: RunnerOutput): void
  event(id: string | null, event: RunnerEvent): void
}

/** Writes at once: what was printed is in the file even when the process is killed the next moment. */
export function createOutput(descriptor: number): Output {
  return {
    print: (line) => writeWhole(descriptor, encodeRunnerLine(line)),
    event: (id, event) =>
      writeWhole(descriptor, encodeRunnerLine({ type: 'agent_event', id, event })),
  }
}

/** A half-written line would break the next one, so it is tried again until it is whole. */
function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  const end = performance.now() + patienceMs
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(descriptor, bytes, done)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if ((code !== 'EAGAIN' && code !== 'ENOSPC') || performance.now() > end) {
        throw error
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
    }
  }
}
