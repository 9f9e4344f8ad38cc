import { statSync } from 'node:fs'
import path from 'node:path'
import type { Runtime } from '../runtimes/contract.ts'
import {
  type ComposeService,
  Container,
  containerKinds,
  defaultImage,
  type ContainerWish,
  type ImageBuild,
} from '../schema/container.ts'
import { DroverError } from '../schema/error.ts'
import type { DaemonContext } from './context.ts'
import { readService } from './read-service.ts'
import { invalid, isInside, realFile, resolveMounts } from './resolve-mounts.ts'

/** A container, and what a Compose file says of the agent beside. */
export interface ResolvedContainer {
  /** Left out where the runtime has none. */
  container?: Container
  env: Record<string, string>
  /** The folder it works in; null: the file names none. */
  dir: string | null
}

/**
 * The container of a new agent: the template's wish with the request's over it, paths real, and a
 * service of a Compose file as that says it now. Changes nothing. Errors: `unsupported`,
 * `invalid_request`, `invalid_mount`, `invalid_compose`, naming the field.
 */
export function resolveContainer(
  { home }: Pick<DaemonContext, 'home'>,
  runtime: Pick<Runtime, 'name' | 'capabilities'>,
  { template = {}, request = {} }: { template?: ContainerWish; request?: ContainerWish },
): ResolvedContainer {
  const hasWish = Object.keys(template).length + Object.keys(request).length > 0
  if (!runtime.capabilities.elsewhere) {
    if (hasWish) {
      throw new DroverError(
        'unsupported',
        `container: the ${runtime.name} runtime has no containers; docker has.`,
        { details: { field: 'container' } },
      )
    }
    return { env: {}, dir: null }
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
  if (wish.name !== undefined && wish.terminal) {
    throw new DroverError(
      'unsupported',
      `container.terminal: an agent has a terminal in a container of its own only, and ${wish.name} is there already.`,
      { details: { field: 'container.terminal' } },
    )
  }
  const compose = wish.compose && resolveService(wish.compose)
  const service = compose && readService(compose)
  const all = service ? overService(wish, service.wish) : wish
  const container = {
    ...all,
    ...(given.length === 0 ? { image: defaultImage } : {}),
    ...(all.build ? { build: resolveBuild(all.build) } : {}),
    ...(compose ? { compose } : {}),
    mounts: resolveMounts(all.mounts, home.folder),
  }
  return { container, env: service?.env ?? {}, dir: service?.dir ?? null }
}

/** What is wished for comes before what the service says; lists are both. */
function overService(wish: Container, service: ContainerWish): Container {
  return Container.parse({
    ...service,
    ...wish,
    mounts: [...(service.mounts ?? []), ...wish.mounts],
    tmpfs: [...(service.tmpfs ?? []), ...wish.tmpfs],
    capAdd: [...(service.capAdd ?? []), ...wish.capAdd],
    readOnly: service.readOnly === true || wish.readOnly,
  })
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
  if (!statSync(context).isDirectory()) {
    throw invalid('container.build.context', `${context} is no folder`)
  }
  const field = 'container.build.dockerfile'
  const dockerfile = realFile(field, path.resolve(context, build.dockerfile ?? 'Dockerfile'))
  if (!isInside(context, dockerfile)) {
    throw invalid(field, `${dockerfile} is not inside of ${context}`)
  }
  return { ...build, context }
}

function resolveService({ file, service }: ComposeService): ComposeService {
  return { file: realFile('container.compose.file', file), service }
}
