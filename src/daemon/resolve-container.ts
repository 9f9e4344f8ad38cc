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
import { invalid, isInside, realFile, resolveMounts } from './resolve-mounts.ts'

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
    ...(wish.compose ? { compose: resolveService(wish.compose) } : {}),
    mounts: resolveMounts(wish.mounts, home.folder),
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
