import type { AttachOptions } from '../attach.ts'
import { formatAgentLine } from '../format-agent.ts'
import { withInterrupt } from '../interrupt.ts'
import type { Invocation } from '../invocation.ts'
import { withSpinner } from '../spinner.ts'
import { openSession } from './open-session.ts'
import { TerminalTalk } from './terminal-talk.ts'

/** A conversation on a terminal, until the person leaves or the agent is removed. */
export async function attachTerminal(
  invocation: Invocation,
  name: string,
  { thinking = false }: AttachOptions,
): Promise<void> {
  const { client, context, output } = invocation
  const { dim } = output.colors
  const ending = new AbortController()
  let talk: TerminalTalk | null = null
  await withInterrupt(
    () => `left; ${name} goes on.`,
    async (interrupted) => {
      const signal = AbortSignal.any([interrupted, ending.signal])
      const onReconnect = (): void => talk?.away()
      const opening = openSession(client, name, { signal, onReconnect })
      const session = await withSpinner(context, `attaching to ${name}`, opening)
      await output.lines([
        formatAgentLine(session.agent, output.colors, true),
        dim(`Enter sends, Ctrl-D detaches; ${name} goes on.`),
      ])
      talk = new TerminalTalk(invocation, { session, hasThinking: thinking, signal })
      let hasLeft = false
      let unsent = 0
      try {
        hasLeft = await talk.run()
      } finally {
        unsent = await talk.close()
        ending.abort()
      }
      if (hasLeft) {
        output.note(dim(`detached; ${name} goes on.${unsentText(unsent)}`))
      }
    },
  )
}

function unsentText(count: number): string {
  return count === 0
    ? ''
    : ` ${count === 1 ? '1 message was' : `${count} messages were`} not sent: the daemon is away.`
}
