import { formatByteSize } from '../../schema/byte-size.ts'

/** Programs that get no more memory end themselves by one of these, if they do not say so and exit. */
const crashes: ReadonlySet<string> = new Set(['SIGABRT', 'SIGBUS', 'SIGILL', 'SIGSEGV', 'SIGTRAP'])

/** What a program's own end by a signal may come from, where each of its processes has only so much memory. */
export function explainCrash(signal: string, memoryBytes: number | null): string | null {
  return memoryBytes !== null && crashes.has(signal)
    ? `ended by ${signal}, under a memory limit of ${formatByteSize(memoryBytes)} for each process`
    : null
}
