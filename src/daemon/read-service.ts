import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { parse } from 'yaml'
import { z } from 'zod'
import { ContainerWish, type ComposeService, type ImageBuild } from '../schema/container.ts'
import { DroverError } from '../schema/error.ts'
import { fillIn } from './fill-in.ts'
import { serviceMounts, VolumeEntry, type ServicePlace } from './service-mounts.ts'

/** What a service of a Compose file says of an agent's container, and of the agent. */
export interface ReadService {
  wish: ContainerWish
  env: Record<string, string>
  /** The folder of this machine that it works in; null where the service names none. */
  dir: string | null
}

const Text = z.union([z.string(), z.number()]).transform(String)
const Texts = z.union([z.string().transform((one) => [one]), z.array(Text)])

/** Source: the Compose specification; what has no meaning for an agent is left as it is. */
const Service = z.looseObject({
  image: z.string().optional(),
  build: z
    .union([
      z.string().transform((context): ImageBuild => ({ context })),
      z.strictObject({
        context: z.string().default('.'),
        dockerfile: z.string().optional(),
        target: z.string().optional(),
      }),
    ])
    .optional(),
  environment: z
    .union([z.array(z.string()), z.record(z.string(), z.union([Text, z.boolean(), z.null()]))])
    .default([]),
  env_file: z
    .union([
      Texts,
      z.array(
        z.union([
          z.string(),
          z.strictObject({ path: z.string(), required: z.boolean().default(true) }),
        ]),
      ),
    ])
    .default([]),
  volumes: z.array(VolumeEntry).default([]),
  user: Text.optional(),
  working_dir: z.string().optional(),
  read_only: z.boolean().default(false),
  tmpfs: Texts.default([]),
  cap_add: z.array(z.string()).default([]),
})
type Service = z.infer<typeof Service>

/** What an agent's container has anyway, or what is only about the service's own program. */
const meaningless = new Set(
  'attach command container_name cap_drop develop entrypoint expose healthcheck hostname init labels logging platform profiles pull_policy restart stdin_open stop_grace_period stop_signal tty'.split(
    ' ',
  ),
)

const Names = z.object({
  name: z.string().optional(),
  volumes: z.record(z.string(), z.looseObject({ name: z.string().optional() }).nullish()).nullish(),
})

const Document = Names.extend({ services: z.record(z.string(), z.unknown()) })

/** Errors: `invalid_compose`, naming the key. */
export function readService({ file, service: name }: ComposeService): ReadService {
  const folder = path.dirname(file)
  const values = readValues(folder)
  const document = check(Document, readYaml(file), file, '')
  const found = Object.hasOwn(document.services, name) ? document.services[name] : undefined
  if (found === undefined) {
    const known = Object.keys(document.services).join(', ')
    throw refuse(file, `services: there is no ${name}; there is: ${known}`)
  }
  const key = `services.${name}`
  const service = check(Service, fillIn(found, values), file, key)
  const known = new Set([...Object.keys(Service.shape), ...meaningless])
  const other = Object.keys(service).find((each) => !known.has(each) && !each.startsWith('x-'))
  if (other !== undefined) {
    throw refuse(
      file,
      `${key}.${other}: Drover makes no container that has this; leave it out, or start the service with \`docker compose up\` and give its container with --container`,
    )
  }
  if (!service.image && !service.build) {
    throw refuse(file, `${key}: has neither image nor build`)
  }
  const named = fillIn({ name: document.name, volumes: document.volumes }, values)
  const volumes = volumeNames(check(Names, named, file, ''), folder)
  const read = translate(service, { file, key, folder, volumes })
  return { ...read, wish: check(ContainerWish, read.wish, file, key) }
}

function translate(service: Service, place: ServicePlace): ReadService {
  const { image, build, user, read_only: readOnly, tmpfs, cap_add: capAdd } = service
  const { mounts, hostPath } = serviceMounts(service.volumes, place)
  const optioned = tmpfs.find((each) => each.includes(':'))
  if (optioned !== undefined) {
    throw refuse(place.file, `${place.key}.tmpfs: options, as of ${optioned}, can't be kept`)
  }
  return {
    wish: {
      ...(build
        ? { build: { ...build, context: path.resolve(place.folder, build.context) } }
        : { image: image ?? '' }),
      ...(user === undefined ? {} : { user }),
      mounts,
      readOnly,
      tmpfs,
      capAdd: capAdd.map((each) => each.replace(/^CAP_/, '')),
    },
    env: environmentOf(service, place),
    dir: workingDir(service, hostPath, place),
  }
}

/** The folder of this machine that is seen where the service works. */
function workingDir(
  { working_dir: inside }: Service,
  hostPath: (inside: string) => string | null,
  { file, key }: ServicePlace,
): string | null {
  const dir = inside === undefined ? null : hostPath(inside)
  if (inside !== undefined && dir === null) {
    throw refuse(
      file,
      `${key}.working_dir: ${inside} is in the image, and an agent works in a folder of this machine; mount one there in volumes`,
    )
  }
  return dir
}

function environmentOf(
  { environment, env_file: files }: Service,
  { file, key, folder }: ServicePlace,
): Record<string, string> {
  const fromFiles = files.map((each) => {
    const { path: name, required } =
      typeof each === 'string' ? { path: each, required: true } : each
    try {
      return parseEnv(readFileSync(path.resolve(folder, name), 'utf8')) as Record<string, string>
    } catch (error) {
      if (!required) {
        return {}
      }
      throw refuse(file, `${key}.env_file: ${name} can't be read`, error)
    }
  })
  const pairs = Array.isArray(environment)
    ? environment.map((line) => splitPair(line))
    : Object.entries(environment).map(([name, value]) => [name, value] as const)
  const unset = pairs.find(([, value]) => value === null)
  if (unset) {
    throw refuse(file, `${key}.environment.${unset[0]}: has no value; write it, or give --env`)
  }
  return Object.assign(
    {},
    ...fromFiles,
    Object.fromEntries(pairs.map(([name, value]) => [name, String(value)])),
  ) as Record<string, string>
}

function splitPair(line: string): readonly [string, string | null] {
  const at = line.indexOf('=')
  return at < 0 ? [line, null] : [line.slice(0, at), line.slice(at + 1)]
}

/** What the engine calls a volume that the file names: as Compose itself would. */
function volumeNames(
  { name, volumes }: z.infer<typeof Names>,
  folder: string,
): (own: string) => string | null {
  const project = (name ?? path.basename(folder)).toLowerCase().replace(/[^a-z0-9_-]/g, '')
  return (own) => {
    if (!volumes || !Object.hasOwn(volumes, own)) {
      return null
    }
    const { name: named, external } = volumes[own] ?? {}
    return named ?? (external ? own : `${project}_${own}`)
  }
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { merge: true })
  } catch (error) {
    throw refuse(file, (error as Error).message.split('\n')[0] ?? '', error)
  }
}

/** Of `.env` beside the file, as Compose has it; this daemon's own environment is not the caller's. */
function readValues(folder: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(path.join(folder, '.env'), 'utf8'))
  } catch {
    return {}
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, file: string, key: string): T {
  const result = schema.safeParse(value)
  if (result.success) {
    return result.data
  }
  const [issue] = result.error.issues
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const at = [key, ...(issue?.path ?? []).map(String), ...unknown].filter(Boolean).join('.')
  const problem = unknown.length > 0 ? "Drover can't keep this" : (issue?.message ?? 'is not valid')
  throw refuse(file, `${at || 'the file'}: ${problem}`)
}

function refuse(file: string, problem: string, cause?: unknown): DroverError {
  return new DroverError('invalid_compose', `${file}: ${problem.replace(/\.$/, '')}.`, {
    details: { field: 'container.compose', file },
    cause,
  })
}
