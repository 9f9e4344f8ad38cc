import type { Command } from 'commander'
import { DroverError } from '../schema/error.ts'
import { createCommand, type CommonOptions, type Invocation } from './invocation.ts'

export function cpCommand(invocation: Invocation): Command {
  return createCommand('cp', invocation.context)
    .description(
      "Copy a file or folder out of an agent's container, or in; the agent may be asleep. - is a tar on standard input or output.",
    )
    .usage('[options] <NAME:PATH> <LOCAL> | <LOCAL> <NAME:PATH>')
    .argument('<from>', 'NAME:PATH inside, LOCAL or -')
    .argument('<to>', 'the other one')
    .action(async (from: string, to: string, options: CommonOptions) => {
      const [source, target] = [parseInner(from), parseInner(to)]
      if ((source === null) === (target === null)) {
        throw new DroverError(
          'usage',
          'cp: give one NAME:PATH and one local path; write a local one with a colon as ./a:b.',
        )
      }
      const copied = source
        ? await (await import('./container/copy-out.ts')).copyOut(invocation, source, to)
        : await (
            await import('./container/copy-in.ts')
          ).copyIn(invocation, from, target ?? { name: '', path: '' })
      if (options.json && to !== '-') {
        await invocation.output.json(copied)
      }
    })
}

/** A path inside of an agent's container; null for a local one. */
function parseInner(text: string): { name: string; path: string } | null {
  const [, name, path] = /^([A-Za-z0-9][\w-]*):(.*)$/s.exec(text) ?? []
  if (name === undefined || path === undefined) {
    return null
  }
  return { name, path: path === '' ? '.' : path }
}
