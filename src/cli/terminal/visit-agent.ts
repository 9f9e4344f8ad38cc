import type { TerminalStream } from '../../client/index.ts'
import { DroverError } from '../../schema/error.ts'
import { commandName } from '../command-name.ts'
import { withInterrupt } from '../interrupt.ts'
import type { Invocation } from '../invocation.ts'
import { oneLine } from '../plain-text.ts'
import type { DetachKey } from './detach-key.ts'
import { readSize } from './local-terminal.ts'
import { visitTerminal, type VisitEnd, type VisitOptions } from './visit-terminal.ts'

export interface AgentVisit {
  key: DetachKey | null
  isReadOnly: boolean
  /** Told of an agent without a terminal: whether it is talked with instead. */
  isTerminalWanted: boolean
}

/**
 * Comes to an agent's terminal and stays until the person leaves or its program is down. Resolves to
 * false where the agent has none and none was asked for. Errors: as `client.openTerminal`.
 */
export async function visitAgent(
  invocation: Invocation,
  name: string,
  { key, isReadOnly, isTerminalWanted }: AgentVisit,
): Promise<boolean> {
  const { client, context } = invocation
  return await withInterrupt(
    () => `left; ${name} goes on.`,
    async (signal) => {
      const open: VisitOptions['open'] = (options) => client.openTerminal(name, options)
      let stream: TerminalStream
      try {
        stream = await open({ size: readSize(context), isReadOnly, signal })
      } catch (error) {
        if (!isTerminalWanted && isWithout(error)) {
          return false
        }
        throw error
      }
      const names = { name, title: name }
      const end = await visitTerminal(invocation, stream, {
        ...names,
        open,
        key,
        isReadOnly,
        signal,
      })
      report(invocation, name, end)
      return true
    },
  )
}

/** There is no terminal, or a daemon of before there were any. */
function isWithout(error: unknown): boolean {
  return (
    error instanceof DroverError &&
    (error.code === 'no_terminal' || error.code === 'route_not_found')
  )
}

/** Errors: `agent_not_found` where it was removed, `start_failed` where it never came up. */
function report({ output, context }: Invocation, name: string, end: VisitEnd): void {
  const { dim } = output.colors
  switch (end.how) {
    case 'left':
      return output.note(dim(`detached; ${name} goes on.`))
    case 'over':
      throw new DroverError('agent_not_found', `${name} was removed.`)
    case 'down': {
      const cause = end.cause === null ? null : oneLine(end.cause)
      if (!end.wasUp && cause !== null && end.status !== 'parked') {
        throw new DroverError('start_failed', `${name} did not stay up: ${cause}.`, {
          details: { agent: name },
        })
      }
      const why = cause === null ? '' : `: ${cause}`
      output.note(dim(`${name} is ${end.status}${why}. ${wayBack(end, commandName(context.env))}`))
    }
  }
}

function wayBack({ status }: Extract<VisitEnd, { how: 'down' }>, command: string): string {
  switch (status) {
    case 'stopped':
      return `\`${command} start\` lets it come up again.`
    case 'failed':
      return `\`${command} why\` says what it died of.`
    case 'parked':
      return 'It comes up by itself.'
    default:
      return `\`${command} attach\` wakes it.`
  }
}
