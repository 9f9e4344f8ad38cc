import { buffer } from 'node:stream/consumers'
import type { Engine } from './engine/engine.ts'
import { blockBytes, contentBytes, typeOf, type TarOwner } from './tar/tar-header.ts'

/** Longer lists of accounts than this are not read, bytes. */
const longestList = 1024 * 1024

/**
 * Who a container's programs are, in numbers: a name is looked up inside, whether or not it runs.
 * null: it is unknown there.
 */
export async function findOwner(
  engine: Engine,
  { container, user }: { container: string; user: string },
  signal: AbortSignal,
): Promise<TarOwner | null> {
  const [name = '', group] = user.split(':')
  if (name === '') {
    return { uid: 0, gid: 0 }
  }
  if (isNumber(name) && isNumber(group)) {
    return { uid: Number(name), gid: Number(group) }
  }
  const users = await readFields(engine, { container, file: '/etc/passwd' }, signal)
  const account = users.find(([each, , uid]) => each === name || uid === name)
  const uid = account?.[2] ?? name
  if (!isNumber(uid)) {
    return null
  }
  const usual = Number(account?.[3] ?? 0)
  if (group === undefined || isNumber(group)) {
    return { uid: Number(uid), gid: Number(group ?? usual) }
  }
  const groups = await readFields(engine, { container, file: '/etc/group' }, signal)
  return { uid: Number(uid), gid: Number(groups.find(([each]) => each === group)?.[2] ?? usual) }
}

function isNumber(text: string | undefined): boolean {
  return /^\d+$/.test(text ?? '')
}

/** Lines of fields between colons; none where there is no such file. */
async function readFields(
  engine: Engine,
  { container, file }: { container: string; file: string },
  signal: AbortSignal,
): Promise<string[][]> {
  const found = await engine.getArchive(container, file, signal)
  if (!found || found.stat.sizeBytes > longestList) {
    found?.tar.destroy()
    return []
  }
  const lines = contentOf(await buffer(found.tar)).split('\n')
  return lines.map((line) => line.split(':'))
}

/** Of the one file that a tar holds. */
function contentOf(tar: Buffer): string {
  const header = tar.subarray(0, blockBytes)
  return header.length === blockBytes && typeOf(header) === '0'
    ? tar.toString('utf8', blockBytes, blockBytes + contentBytes(header))
    : ''
}
