import { Option, type Command } from 'commander'
import type { Guest, GuestRequestInput } from '../schema/guest.ts'
import { DroverError } from '../schema/error.ts'
import { formatGuestLine, formatGuestTable } from './format-guest.ts'
import { canDraw } from './can-draw.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'
import { durationParser } from './option-values.ts'
import { withSpinner } from './spinner.ts'

interface ShellOptions extends CommonOptions {
  ttl?: number
  dir?: string
  detach?: boolean
  readOnly?: boolean
  detachKey?: string
  list?: boolean
  attach?: string
  end?: string
}

export function shellCommand(invocation: Invocation): Command {
  return createCommand('shell', invocation.context)
    .description(
      'A terminal beside an agent, in its folder and environment: a shell, or a program. It goes on when you leave, until its time is over.',
    )
    .usage('[options] [name] [-- PROGRAM ARG...]')
    .argument('[name]', 'agent')
    .option('--ttl <time>', 'how long it lives, 1m to 4h (default: 1h)', durationParser('ttl'))
    .option('--dir <folder>', "folder inside the agent's")
    .option('--detach', 'make it and do not go there')
    .option('--read-only', 'look at it and type nothing')
    .option('--detach-key <key>', 'key that leaves it, or none (default: ctrl-])')
    .optionsGroup('Those that are there:')
    .addOption(new Option('--list', 'list them').conflicts(['attach', 'end']))
    .addOption(new Option('--attach <id>', 'go there again').conflicts('end'))
    .option('--end <id>', 'end one')
    .action(async (name: string | undefined, options: ShellOptions) => {
      checkUse(invocation, name, options)
      if (options.list) {
        return listGuests(invocation, name, options)
      }
      if (options.end !== undefined) {
        return endGuest(invocation, options.end, options)
      }
      return name === undefined
        ? await visit(
            invocation,
            await invocation.client.guests.show(options.attach ?? ''),
            options,
          )
        : await openGuest(invocation, name, options)
    })
}

/** Errors: `usage` for what does not go together. */
function checkUse({ program }: Invocation, name: string | undefined, options: ShellOptions): void {
  const { list, attach, end } = options
  const old = attach === undefined ? (end === undefined ? null : '--end') : '--attach'
  if (old !== null && name !== undefined) {
    throw new DroverError('usage', `${old}: names a guest, so no agent is named beside it.`)
  }
  if (program !== null && (old !== null || list)) {
    throw new DroverError('usage', `${old ?? '--list'}: takes no program after "--".`)
  }
  if (name === undefined && old === null && !list) {
    throw new DroverError('usage', 'shell: name the agent, or use --list, --attach or --end.')
  }
}

async function openGuest(
  invocation: Invocation,
  name: string,
  options: ShellOptions,
): Promise<void> {
  const { context, client, program } = invocation
  const { readSize } = await import('./terminal/local-terminal.ts')
  const { ttl, dir } = options
  const request: GuestRequestInput = {
    ...readSize(context),
    ...(program === null ? {} : { program: [...program] }),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
    ...(dir === undefined ? {} : { dir }),
  }
  const opening = client.guests.open(name, request)
  const guest = await withSpinner(context, `opening a shell beside ${name}`, opening)
  if (options.json || options.detach || !canDraw(context)) {
    return await show(invocation, guest, options)
  }
  return await visit(invocation, guest, options)
}

async function show({ output }: Invocation, guest: Guest, { json }: ShellOptions): Promise<void> {
  await (json ? output.json(guest) : output.line(formatGuestLine(guest, output, Date.now())))
}

/** Errors: `usage` where there is no terminal to show it on. */
async function visit(
  invocation: Invocation,
  guest: Guest,
  { json, detachKey, readOnly = false }: ShellOptions,
): Promise<void> {
  if (json || !canDraw(invocation.context)) {
    throw new DroverError(
      'usage',
      `--attach: needs a terminal for input and output${json ? ', and no --json' : ''}.`,
    )
  }
  const { parseDetachKey } = await import('./terminal/detach-key.ts')
  const { visitGuest } = await import('./terminal/visit-guest.ts')
  await visitGuest(invocation, guest, { key: parseDetachKey(detachKey), isReadOnly: readOnly })
}

async function listGuests(
  { client, output }: Invocation,
  agent: string | undefined,
  { json }: ShellOptions,
): Promise<void> {
  const guests = await client.guests.list({ agent })
  if (json) {
    return output.json(guests)
  }
  await (guests.length === 0
    ? output.line(output.colors.dim('No guests. `drover shell NAME` opens one.'))
    : output.lines(formatGuestTable(guests, output, Date.now())))
}

async function endGuest(
  { context, client, output }: Invocation,
  id: string,
  { json }: ShellOptions,
): Promise<void> {
  const waitSeconds = 30
  await withSpinner(context, `ending ${id}`, client.guests.end(id, { waitSeconds }))
  await (json ? output.json({ ok: true }) : output.line(`${id}  ended`))
}
