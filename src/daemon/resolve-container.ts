import { realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Runtime } from '../runtimes/contract.ts'
import {
  Container,
  containerKinds,
  type ContainerWish,
  type ImageBuild,
  type Mount,
} from '../schema/container.ts'
import { DroverError } from '../schema/error.ts'
import type { DaemonContext } from './context.ts'

/** The image of an agent that names none: what `drover image build` makes. */
export const defaultImage = 'drover-agent'

/** Where engines listen: whoever sees one of these is root of the machine. */
const engineSockets = ['/run/docker.sock', '/run/podman/podman.sock', '/run/containerd']

/**
 * The container of a new agent: the template's wish with the request's over it, paths real. Changes
 * nothing. Errors: `unsupported`, `invalid_request`, `invalid_mount`, naming the field.
 */
export function resolveContainer(
  { home }: Pick<DaemonContext, 'home'>,
  runtime: Pick<Runtime, 'name' | 'capabilities'>,
  { template = {}, request = {} }: { template?: ContainerWish; request?: ContainerWish },
): Container | undefined {
  const hasWish = Object.keys(template).length + Object.keys(request).length > 0
  if (!runtime.capabilities.elsewhere) {
    if (hasWish) {
      throw new DroverError(
        'unsupported',
        `container: the ${runtime.name} runtime has no containers; docker has.`,
        { details: { field: 'container' } },
      )
    }
    return undefined
  }
  const wish = Container.parse({ ...withoutKind(template, request), ...request })
  const given = containerKinds.filter((kind) => wish[kind] !== undefined)
  if (given.length > 1) {
    throw new DroverError(
      'invalid_request',
      `container: ${given.join(' and ')} each say which it is; give one of them.`,
      { details: { field: 'container' } },
    )
  }
  return {
    ...wish,
    ...(given.length === 0 ? { image: defaultImage } : {}),
    ...(wish.build ? { build: resolveBuild(wish.build) } : {}),
    ...(wish.compose
      ? {
          compose: { ...wish.compose, file: realFile('container.compose.file', wish.compose.file) },
        }
      : {}),
    mounts: wish.mounts.map((mount, index) => resolveMount(mount, index, home.folder)),
  }
}

/** A request that says which container it is replaces what the template says of that. */
function withoutKind(template: ContainerWish, request: ContainerWish): ContainerWish {
  if (!containerKinds.some((kind) => request[kind] !== undefined)) {
    return template
  }
  const { image: _, build: __, compose: ___, name: ____, ...rest } = template
  return rest
}

function resolveBuild(build: ImageBuild): ImageBuild {
  const context = realFile('container.build.context', build.context)
  const dockerfile = path.resolve(context, build.dockerfile ?? 'Dockerfile')
  if (path.relative(context, dockerfile).startsWith('..')) {
    throw invalid('container.build.dockerfile', `${build.dockerfile} is not inside of ${context}`)
  }
  realFile('container.build.dockerfile', dockerfile)
  return { ...build, context }
}

function resolveMount(mount: Mount, index: number, home: string): Mount {
  const field = `container.mounts.${index}`
  if ((mount.source === undefined) === (mount.volume === undefined)) {
    throw invalid(field, 'needs a source or a volume, and not both')
  }
  if (mount.volume !== undefined && mount.target === undefined) {
    throw invalid(`${field}.target`, 'is missing: a volume has no place of its own')
  }
  if (mount.source === undefined) {
    return mount
  }
  const source = realFile(`${field}.source`, mount.source)
  if (isInside(home, source) || isInside(source, home)) {
    throw invalid(`${field}.source`, `${source} would show the home of Drover itself`)
  }
  const socket = engineSockets.find((each) => isInside(each, source) || isInside(source, each))
  if (socket !== undefined) {
    throw invalid(
      `${field}.source`,
      `${source} would show the engine's socket ${socket}, which is root's power; if that is meant, set engineSocket`,
    )
  }
  return { ...mount, source }
}

/** Whether a path is the folder, or below it. */
function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file)
  return relative === '' || !(relative.startsWith('..') || path.isAbsolute(relative))
}

/** The real path of what is there. Errors: `invalid_mount`. */
function realFile(field: string, file: string): string {
  if (!path.isAbsolute(file)) {
    throw invalid(field, `${JSON.stringify(file.slice(0, 200))} is no absolute path`)
  }
  if (!statSync(file, { throwIfNoEntry: false })) {
    throw invalid(field, `${JSON.stringify(file.slice(0, 200))} does not exist`)
  }
  return realpathSync(file)
}

function invalid(field: string, problem: string): DroverError {
  return new DroverError('invalid_mount', `${field}: ${problem}.`, { details: { field } })
}
