import type { ExecStream } from '../../client/index.ts'
import type { ExecRequestInput, ExecSignal } from '../../schema/exec.ts'
import type { CliContext, TextSink } from '../context.ts'
import { Interrupted } from '../interrupt.ts'
import type { Invocation } from '../invocation.ts'
import { withSpinner } from '../spinner.ts'
import { readSize } from '../terminal/local-terminal.ts'

/** What a signal to us is to the program; at a terminal keys are keys. */
const passedOn = { SIGINT: 'INT', SIGTERM: 'TERM', SIGHUP: 'HUP' } as const satisfies Record<
  string,
  ExecSignal
>

/**
 * Runs a program in an agent's container with our own input and output until it ends; its exit code
 * is ours. A second Ctrl-C leaves, which ends it.
 */
export async function runBeside(
  invocation: Invocation,
  name: string,
  { isTty, ...request }: ExecRequestInput & { isTty: boolean },
): Promise<void> {
  const { context, client } = invocation
  const size = isTty ? { terminal: readSize(context) } : {}
  const opening = client.boxes.exec(name, { ...request, ...size })
  const program = await withSpinner(context, `starting ${request.argv[0]}`, opening)
  const letGo = isTty ? giveTerminal(context, program) : passSignals(program)
  try {
    void feed(context, program)
    invocation.exitCode = await tell(context, program)
  } finally {
    letGo()
    context.stdin.destroy()
  }
}

async function feed({ stdin }: CliContext, program: ExecStream): Promise<void> {
  try {
    for await (const chunk of stdin) {
      await program.write(chunk)
    }
  } catch {
    // What can't be read has ended; so has what we have let go of.
  }
  program.end()
}

/** Its exit code. */
async function tell({ stdout, stderr }: CliContext, program: ExecStream): Promise<number> {
  for await (const event of program) {
    switch (event.type) {
      case 'stdout':
        await write(stdout, event.bytes)
        break
      case 'stderr':
        await write(stderr, event.bytes)
        break
      case 'exited':
        if (event.code === null) {
          stderr.write('drover: It ended, and the engine does not know how.\n')
        }
        return event.code ?? 1
    }
  }
  throw new Interrupted('Left; the program is ended.')
}

function passSignals(program: ExecStream): () => void {
  let count = 0
  const listeners = Object.entries(passedOn).map(([name, signal]) => {
    const listener = (): void => {
      if (++count > 1) {
        program.close()
      } else {
        program.signal(signal)
      }
    }
    process.on(name, listener)
    return () => process.off(name, listener)
  })
  return () => listeners.forEach((forget) => forget())
}

/** Keys go to it as they are pressed, until the result is called. */
function giveTerminal(context: CliContext, program: ExecStream): () => void {
  const { stdin, stdout } = context
  const resize = (): void => program.resize(readSize(context))
  const restore = (): void => void stdin.setRawMode?.(false)
  stdin.setRawMode?.(true)
  stdout.on('resize', resize)
  process.on('exit', restore)
  return () => {
    stdout.off('resize', resize)
    process.off('exit', restore)
    restore()
  }
}

async function write(sink: TextSink, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    if (sink.write(bytes, () => resolve())) {
      resolve()
    }
  })
}
