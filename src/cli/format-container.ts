import path from 'node:path'
import type { AgentSpec } from '../schema/agent.ts'
import { oneLine } from './plain-text.ts'

type Container = NonNullable<AgentSpec['container']>

/** What container an agent has or is in: which, what its own is called, and a line for each thing that is not as usual. */
export function containerText(
  container: Container | undefined,
  ownName: string | null = null,
): string | null {
  if (!container) {
    return null
  }
  const { workdir, user, home, envFile, readOnly, newPrivileges, engineSocket, ...words } =
    container
  const rest: readonly (readonly [string, string | false | undefined])[] = [
    ['works in', workdir],
    ['user', user],
    ['home', home],
    ...words.mounts.map((mount) => ['sees', mountText(mount)] as const),
    ['environment of', envFile],
    ['read-only', readOnly && 'its own files'],
    ['in memory', words.tmpfs.join(', ')],
    ['capabilities', words.capAdd.join(', ')],
    ['new privileges', newPrivileges && 'allowed'],
    ["engine's socket", engineSocket && 'seen inside'],
  ]
  const lines = rest.flatMap(([name, value]) => (value ? [`${name}: ${oneLine(value)}`] : []))
  return [kindText(container, ownName), ...lines].join('\n')
}

function kindText({ image, build, compose, name }: Container, ownName: string | null): string {
  if (name !== undefined) {
    return `${name}, which is not its own`
  }
  const of = compose ? `service ${compose.service} of ${compose.file}, ` : ''
  const file = build && path.join(build.context, build.dockerfile ?? 'Dockerfile')
  const stage = build?.target ? `, stage ${build.target}` : ''
  const called = ownName === null ? '' : `${ownName}, `
  return oneLine(`${called}${of}${file ? `built from ${file}${stage}` : `of image ${image}`}`)
}

function mountText({ source, volume, target, isReadOnly }: Container['mounts'][number]): string {
  const from = source ?? `volume ${volume}`
  const at = target === undefined || target === source ? '' : ` at ${target}`
  return `${from}${at}${isReadOnly ? ', read-only' : ''}`
}
