import type { Engine } from '../engine/engine.ts'
import type { ContainerState } from '../engine/container-state.ts'
import { blockBytes, contentBytes, typeOf, type TarOwner } from './tar-header.ts'

/** A list of accounts is not larger, bytes. */
const mostBytes = 1024 * 1024

/** Who a container's programs are, in numbers: a name is looked up inside, whether or not it runs. */
export async function findOwner(
  engine: Engine,
  { id, user }: Pick<ContainerState, 'id' | 'user'>,
  signal: AbortSignal,
): Promise<TarOwner> {
  const [name = '', group] = user.split(':')
  if (isNumber(name) && isNumber(group)) {
    return { uid: Number(name), gid: Number(group) }
  }
  if (name === '') {
    return { uid: 0, gid: 0 }
  }
  const users = await readFields(engine, { id, file: '/etc/passwd' }, signal)
  const account = users.find(([each, , uid]) => each === name || uid === name)
  const uid = Number(account?.[2] ?? name)
  const usual = Number(account?.[3] ?? 0)
  if (group === undefined || isNumber(group)) {
    return { uid: uid || 0, gid: group === undefined ? usual : Number(group) }
  }
  const groups = await readFields(engine, { id, file: '/etc/group' }, signal)
  const gid = Number(groups.find(([each]) => each === group)?.[2] ?? usual)
  return { uid: uid || 0, gid }
}

function isNumber(text: string | undefined): boolean {
  return /^\d+$/.test(text ?? '')
}

/** Lines of fields between colons; none where there is no such file. */
async function readFields(
  engine: Engine,
  { id, file }: { id: string; file: string },
  signal: AbortSignal,
): Promise<string[][]> {
  const found = await engine.getArchive(id, file, signal)
  if (!found) {
    return []
  }
  const { tar } = found
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of tar as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > mostBytes) {
      tar.destroy()
      break
    }
  }
  return contentOf(Buffer.concat(chunks))
    .split('\n')
    .map((line) => line.split(':'))
}

/** Of the one file that a tar holds. */
function contentOf(tar: Buffer): string {
  const header = tar.subarray(0, blockBytes)
  return header.length === blockBytes && typeOf(header) === '0'
    ? tar.toString('utf8', blockBytes, blockBytes + contentBytes(header))
    : ''
}
