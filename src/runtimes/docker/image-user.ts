import { buffer } from 'node:stream/consumers'
import type { Engine } from './engine/engine.ts'
import { parseUser } from './choose-user.ts'

/** Longer lists of users than this are not read, bytes. */
const longestList = 1024 * 1024

/** The numbers of a user as its container knows it; null: it knows none, or that can't be read. */
export async function numbersOf(
  engine: Engine,
  { container, user }: { container: string; user: string | null },
  signal: AbortSignal,
): Promise<{ uid: number; gid: number } | null> {
  const numbers = parseUser(user)
  if (numbers || user === null) {
    return numbers
  }
  const archive = await engine.getArchive(container, '/etc/passwd', signal)
  if (!archive || archive.stat.sizeBytes > longestList) {
    archive?.tar.destroy()
    return null
  }
  return findUser(firstFile(await buffer(archive.tar)), user.split(':')[0] ?? '')
}

/** What the first file of a tar holds. */
function firstFile(tar: Buffer): string {
  const sizeBytes = Number.parseInt(tar.toString('latin1', 124, 136), 8) || 0
  return tar.toString('utf8', 512, 512 + sizeBytes)
}

function findUser(passwd: string, name: string): { uid: number; gid: number } | null {
  const rows = passwd.split('\n').map((line) => line.split(':'))
  const row = rows.find((fields) => fields[0] === name)
  return parseUser(row ? `${row[2]}:${row[3]}` : null)
}
