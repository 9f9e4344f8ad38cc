import type { Command } from 'commander'
import path from 'node:path'
import { DroverError } from '../schema/error.ts'
import type { RunRequestInput } from '../schema/requests.ts'
import { collectTexts } from './option-values.ts'

type ContainerWish = NonNullable<RunRequestInput['container']>
type Mount = NonNullable<ContainerWish['mounts']>[number]

/** The container of an agent, as options of a command say it. */
export interface ContainerOptions {
  image?: string
  build?: string
  dockerfile?: string
  target?: string
  compose?: string
  container?: string
  workdir?: string
  user?: string
  mount?: string[]
  readOnly?: boolean
  tmpfs?: string[]
  capAdd?: string[]
  envFile?: string
  tty?: boolean
}

/** One of them means that it runs in the runtime `docker`, where `--in` names no other. */
export function addContainerOptions(command: Command): Command {
  return command
    .optionsGroup('Its container (these mean --in docker):')
    .option('--image <name>', 'one of its own, from this image (default: drover-agent)')
    .option('--build <folder>', "one of its own, from this folder's Dockerfile")
    .option('--dockerfile <file>', 'the file in that folder that says how (default: Dockerfile)')
    .option('--target <stage>', 'the stage of it that is wanted (default: the last)')
    .option('--compose <file:service>', 'one of its own, as a Compose file says it')
    .option('--container <name>', 'one that is there already; it works in it beside others')
    .option(
      '--workdir <folder>',
      'the folder inside that it works in (default: where it shows --dir)',
    )
    .option('--user <user>', 'whose rights it has inside (default: who owns the folder)')
    .option(
      '--mount <source[:target][:ro]>',
      'a folder or file that it sees too, or volume=NAME:TARGET; may be given many times',
      collectTexts,
    )
    .option('--read-only', "the image's own files can't be changed")
    .option(
      '--tmpfs <folder>',
      'a folder inside that is in memory; may be given many times',
      collectTexts,
    )
    .option(
      '--cap-add <name>',
      'a capability of Linux that it gets; may be given many times',
      collectTexts,
    )
    .option('--env-file <file>', 'a file inside of NAME=VALUE lines, read before it starts')
    .option('--tty', 'its program is at a terminal there, which takes tmux in the image')
}

/** The part of a request that they ask for. Errors: `usage`, naming the option. */
export function createContainerRequest(
  options: ContainerOptions,
  cwd: string,
): Pick<RunRequestInput, 'container'> {
  const { image, compose, container, workdir, user, mount, readOnly, tmpfs, capAdd, envFile, tty } =
    options
  const wish = Object.fromEntries(
    Object.entries({
      image,
      build: readBuild(options, cwd),
      compose: compose === undefined ? undefined : readCompose(compose, cwd),
      name: container,
      workdir,
      user,
      mounts: mount?.map((text) => readMount(text, cwd)),
      readOnly,
      tmpfs,
      capAdd,
      envFile,
      terminal: tty,
    } satisfies ContainerWish).filter(([, value]) => value !== undefined),
  )
  return Object.keys(wish).length > 0 ? { container: wish } : {}
}

function readBuild(
  { build, dockerfile, target }: ContainerOptions,
  cwd: string,
): ContainerWish['build'] {
  if (build !== undefined) {
    return {
      context: path.resolve(cwd, build),
      ...(dockerfile === undefined ? {} : { dockerfile }),
      ...(target === undefined ? {} : { target }),
    }
  }
  if (dockerfile !== undefined || target !== undefined) {
    const option = dockerfile === undefined ? 'target' : 'dockerfile'
    throw usage(option, 'goes with --build, which names the folder')
  }
  return undefined
}

function readCompose(text: string, cwd: string): ContainerWish['compose'] {
  const at = text.lastIndexOf(':')
  if (at < 1 || at === text.length - 1) {
    throw usage('compose', `${JSON.stringify(text)} is not FILE:SERVICE, such as compose.yaml:app`)
  }
  return { file: path.resolve(cwd, text.slice(0, at)), service: text.slice(at + 1) }
}

const volumePrefix = 'volume='

/** `SOURCE[:TARGET][:ro]`, or `volume=NAME:TARGET[:ro]`. */
function readMount(text: string, cwd: string): Mount {
  if (text.startsWith('type=')) {
    throw usage('mount', `${JSON.stringify(text)}: give SOURCE:TARGET, or volume=NAME:TARGET`)
  }
  const isVolume = text.startsWith(volumePrefix)
  const parts = (isVolume ? text.slice(volumePrefix.length) : text).split(':')
  const isReadOnly = parts.length > 1 && parts.at(-1) === 'ro'
  const [source = '', target, ...more] = isReadOnly ? parts.slice(0, -1) : parts
  if (more.length > 0) {
    throw usage(
      'mount',
      `${JSON.stringify(text)} has a colon too many; where a path has one, name it as source and target in container.mounts of a template`,
    )
  }
  const rest = {
    ...(target === undefined ? {} : { target }),
    ...(isReadOnly ? { isReadOnly } : {}),
  }
  if (isVolume) {
    return { volume: source, ...rest }
  }
  if (target !== undefined && /^[\w][\w.-]*$/.test(source)) {
    throw usage(
      'mount',
      `${JSON.stringify(source)} may be a folder or a volume; give ./${source} or volume=${source}`,
    )
  }
  return { source: source === '' ? source : path.resolve(cwd, source), ...rest }
}

function usage(option: string, problem: string): DroverError {
  return new DroverError('usage', `--${option}: ${problem}.`, { details: { field: option } })
}
