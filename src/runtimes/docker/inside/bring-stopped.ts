import type { RunReference } from '../../contract.ts'
import { fileSize } from '../../../util/file-size.ts'
import { appendAt, runFiles } from '../../run-folder.ts'
import type { Engine } from '../engine/engine.ts'
import { innerFolder, type Place } from './notes.ts'
import { lost, putExit, type Outcome } from './outcome.ts'

const blockBytes = 512

/** Brings home what a run left in a container that does not run any more. What was in memory is gone. */
export async function bringStopped(
  engine: Engine,
  { run, place }: { run: RunReference; place: Place },
  signal: AbortSignal,
): Promise<Outcome> {
  const inside = runFiles(innerFolder(run))
  const home = runFiles(run.folder)
  for (const name of ['out', 'err'] as const) {
    let offset = 0
    const known = fileSize(home[name])
    await readFile(engine, { place, file: inside[name] }, signal, (piece) => {
      const fresh = piece.subarray(Math.max(0, known - offset))
      offset += piece.length
      if (fresh.length > 0) {
        appendAt(home[name], offset - fresh.length, fresh)
      }
    })
  }
  let exit = ''
  await readFile(engine, { place, file: inside.exit }, signal, (piece) => (exit += String(piece)))
  const status = /^(\d+)\n/.exec(exit)?.[1]
  if (status === undefined) {
    return lost('its container was stopped')
  }
  putExit(run, Number(status))
  return { hasExit: true, cause: '', isOutOfMemory: false }
}

/** Whether a run had begun, told by what it left. */
export async function hasBegun(
  engine: Engine,
  { run, place }: { run: RunReference; place: Place },
  signal: AbortSignal,
): Promise<boolean> {
  const { holder } = runFiles(innerFolder(run))
  return (await engine.statArchive(place.container, holder, signal)) !== null
}

/** Tells what a file in it has, piece by piece; nothing where there is none. Source: a tar of one file, ustar. */
async function readFile(
  engine: Engine,
  { place, file }: { place: Place; file: string },
  signal: AbortSignal,
  onPiece: (piece: Buffer) => void,
): Promise<void> {
  const found = await engine.getArchive(place.container, file, signal)
  if (!found) {
    return
  }
  let head = Buffer.alloc(0)
  let left = -1
  for await (const chunk of found.tar as AsyncIterable<Buffer>) {
    let piece = chunk
    if (left < 0) {
      head = Buffer.concat([head, chunk])
      if (head.length < blockBytes) {
        continue
      }
      left = found.stat.sizeBytes
      piece = head.subarray(blockBytes)
    }
    if (left > 0) {
      onPiece(piece.subarray(0, left))
      left -= Math.min(left, piece.length)
    }
  }
}
