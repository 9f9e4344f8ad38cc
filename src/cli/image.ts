import type { Command } from 'commander'
import { formatByteSize } from '../schema/byte-size.ts'
import { DroverError } from '../schema/error.ts'
import type { Image, ImageRequestInput } from '../schema/image.ts'
import { withInterrupt } from './interrupt.ts'
import { createCommand, createGroup, type CommonOptions, type Invocation } from './invocation.ts'
import type { Output } from './output.ts'
import { oneLine } from './plain-text.ts'
import { formatRelativeTime } from './relative-time.ts'
import { startSpinner, withSpinner } from './spinner.ts'
import { formatTable, type Column } from './table.ts'

export function imageCommand(invocation: Invocation): Command {
  return createGroup('image', invocation.context)
    .description("Images that agents' containers are made of.")
    .addCommand(buildCommand(invocation))
    .addCommand(listCommand(invocation))
    .addCommand(removeCommand(invocation))
    .addCommand(pruneCommand(invocation))
}

interface BuildOptions extends CommonOptions {
  with?: string[]
  from?: string
  tag?: string
  copy?: boolean
}

function buildCommand(invocation: Invocation): Command {
  const { context, client, output } = invocation
  return createCommand('build', context)
    .description('Make an image with git, tmux and the programs of the providers asked for.')
    .option(
      '--with <providers>',
      'their programs, as claude,codex or claude@VERSION; may be given many times',
      collectNames,
    )
    .option('--from <image>', 'what it is made from (default: a small Debian with Node.js)')
    .option('--tag <name>', 'what it is called (default: drover-agent)')
    .option('--copy', 'copy the programs of this machine; fetch nothing')
    .action(async ({ json, ...options }: BuildOptions) => {
      const spinner = startSpinner(context, 'building')
      const isShown = context.stderr.isTTY === true
      let told = ''
      const onProgress = (text: string): void => {
        spinner.say(oneLine(text))
        // Without a terminal each step is a line; how much of it is done is not.
        const line = oneLine(text).replace(/:? \d+%$/, '')
        if (!isShown && line !== told) {
          told = line
          output.note(line)
        }
      }
      try {
        await withInterrupt(
          () => 'left; what was begun is ended.',
          async (signal) => {
            const image = await client.images.build(requestOf(options), { onProgress, signal })
            spinner.stop()
            await (json ? output.json(image) : output.line(builtText(image, output)))
          },
        )
      } finally {
        spinner.stop()
      }
    })
}

function requestOf({ with: programs, from, tag, copy }: BuildOptions): ImageRequestInput {
  return {
    ...(programs === undefined ? {} : { with: programs }),
    ...(from === undefined ? {} : { from }),
    ...(tag === undefined ? {} : { tag }),
    ...(copy === undefined ? {} : { copy }),
  }
}

function builtText(image: Image, { colors }: Output): string {
  const programs = programsText(image)
  const rest = [formatByteSize(roundSize(image.sizeBytes)), ...(programs ? [programs] : [])]
  return `${colors.bold(nameOf(image))}  ${rest.join('  ')}`
}

function listCommand({ context, client, output }: Invocation): Command {
  return createCommand('ls', context)
    .description('List the images that Drover made, and the agents that use them.')
    .action(async ({ json }: CommonOptions) => {
      const images = await withSpinner(context, 'looking', client.images.list())
      if (json) {
        return output.json(images)
      }
      await (images.length === 0
        ? output.line(output.colors.dim('No images. `drover image build --with claude` makes one.'))
        : output.lines(tableOf(images, output)))
    })
}

function removeCommand({ context, client, output }: Invocation): Command {
  return createCommand('rm', context)
    .description('Remove an image that no agent uses.')
    .argument('<name>', 'its name or id')
    .action(async (name: string, { json }: CommonOptions) => {
      const removed = await withSpinner(context, `removing ${name}`, client.images.remove(name))
      await (json
        ? output.json(removed)
        : output.line(`${output.colors.bold(nameOf(removed))}  removed`))
    })
}

function pruneCommand({ context, client, output }: Invocation): Command {
  return createCommand('prune', context)
    .description('Say which images no agent uses; with --force remove them.')
    .option('-f, --force', 'remove them')
    .action(async ({ json, force = false }: CommonOptions & { force?: boolean }) => {
      const images = await withSpinner(context, 'looking', client.images.prune({ dryRun: !force }))
      if (json) {
        return output.json(images)
      }
      if (images.length === 0) {
        return output.line(output.colors.dim('No images that nobody uses.'))
      }
      await output.lines(tableOf(images, output))
      output.note(
        force ? 'They are removed.' : '`drover image prune --force` removes them; none is yet.',
      )
    })
}

function tableOf(images: readonly Image[], { colors, width }: Output): string[] {
  const now = Date.now()
  const columns: Column<Image>[] = [
    { title: 'NAME', cell: nameOf, paint: colors.bold, shrinkTo: 20 },
    {
      title: 'SIZE',
      cell: ({ sizeBytes }) => formatByteSize(roundSize(sizeBytes)),
      align: 'right',
    },
    { title: 'MADE', cell: ({ createdAt }) => formatRelativeTime(createdAt, now) },
    { title: 'WITH', cell: programsText, shrinkTo: 12 },
    { title: 'AGENTS', cell: ({ agents }) => agents.join(' '), shrinkTo: 10 },
  ]
  return formatTable(columns, images, { width, paintTitle: colors.dim })
}

function programsText({ purpose, programs }: Image): string {
  const all = Object.entries(programs).map(([name, version]) => `${name} ${version}`)
  return purpose === 'project' ? 'a project' : all.join(', ')
}

/** One that another took its name from is told by its id. */
function nameOf({ names, id }: Image): string {
  const [first] = names
  return first === undefined
    ? id.replace(/^sha256:/, '').slice(0, 12)
    : oneLine(first.replace(/:latest$/, ''))
}

/** A size of an image is about so: whole mebibytes. */
function roundSize(bytes: number): number {
  const mebibyte = 1024 ** 2
  return Math.max(Math.round(bytes / mebibyte), 1) * mebibyte
}

function collectNames(text: string, previous: readonly string[] = []): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  if (names.length === 0) {
    throw new DroverError('usage', '--with: names no provider, such as claude,codex.', {
      details: { field: 'with' },
    })
  }
  return [...previous, ...names]
}
