import type { Readable, Writable } from 'node:stream'
import type { BoxProgram } from '../../box-contract.ts'
import type { TerminalSize } from '../../contract.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineExec } from '../engine/exec.ts'

/** The variable by which a program and all that it starts are found again inside. */
export const execMark = 'DROVER_EXEC'

/**
 * Sends a signal to what has the mark. An engine can't: it knows a program that it runs beside
 * others only by a number of its own machine, which need not be this one.
 * Arguments: the mark as NAME=VALUE, the signal.
 */
const killScript = `for each in /proc/[0-9]*; do
  if grep -qsF -e "$1" "$each/environ"; then kill -s "$2" "\${each##*/}"; fi
done 2>/dev/null
exit 0`

export interface DockerProgramParts {
  engine: Engine
  container: string
  exec: EngineExec
  /** As it was given to the engine. */
  user: string | null
  /** Value of its mark. */
  mark: string
}

/** A program that an engine runs beside an agent. */
export class DockerProgram implements BoxProgram {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly #parts: DockerProgramParts

  constructor(parts: DockerProgramParts) {
    this.#parts = parts
    const { stdin, stdout, stderr } = parts.exec
    this.stdin = stdin
    this.stdout = stdout
    this.stderr = stderr
  }

  async resize(size: TerminalSize, signal: AbortSignal): Promise<void> {
    await this.#parts.exec.resize(size, signal)
  }

  async kill(name: string, signal: AbortSignal): Promise<void> {
    const { engine, container, user, mark } = this.#parts
    const argv = ['/bin/sh', '-c', killScript, 'drover', `${execMark}=${mark}`, name]
    const killer = await engine.exec(container, { argv, ...(user && { user }) }, signal)
    try {
      killer.stdin.end()
      killer.stderr.resume()
      for await (const _ of killer.stdout) {
        // Its end is what is waited for.
      }
    } finally {
      killer.close()
    }
  }

  async exitCode(signal: AbortSignal): Promise<number | null> {
    return await this.#parts.exec.exitCode(signal)
  }

  close(): void {
    this.#parts.exec.close()
  }
}
