import type { Guest } from '../../schema/guest.ts'
import { commandName } from '../command-name.ts'
import { withInterrupt } from '../interrupt.ts'
import type { Invocation } from '../invocation.ts'
import { oneLine } from '../plain-text.ts'
import { formatTimeUntil } from '../relative-time.ts'
import type { DetachKey } from './detach-key.ts'
import { readSize } from './local-terminal.ts'
import { visitTerminal, type VisitOptions } from './visit-terminal.ts'

/**
 * Comes to the terminal of a guest and stays until the person leaves or it has ended. Errors: as
 * `client.guests.terminal`.
 */
export async function visitGuest(
  invocation: Invocation,
  { id, agent, expiresAt }: Guest,
  { key, isReadOnly }: { key: DetachKey | null; isReadOnly: boolean },
): Promise<void> {
  const { client, context, output } = invocation
  const command = commandName(context.env)
  const goesOn = (): string =>
    `it ends ${formatTimeUntil(expiresAt, Date.now())}; \`${command} shell --attach ${id}\` comes back.`
  await withInterrupt(
    () => `left; ${goesOn()}`,
    async (signal) => {
      const open: VisitOptions['open'] = (options) => client.guests.terminal(id, options)
      const stream = await open({ size: readSize(context), isReadOnly, signal })
      const names = { name: 'the shell', title: `shell beside ${agent}` }
      const end = await visitTerminal(invocation, stream, {
        ...names,
        open,
        key,
        isReadOnly,
        signal,
      })
      const text =
        end.how === 'left'
          ? `detached; ${goesOn()}`
          : `the shell is gone${end.cause === null ? '' : `: ${oneLine(end.cause)}`}.`
      output.note(output.colors.dim(text))
    },
  )
}
