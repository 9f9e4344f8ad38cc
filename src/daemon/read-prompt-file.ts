import { constants } from 'node:fs'
import { open, realpath, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { PromptFile } from '../core/system-prompt.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import { isOpenInside } from '../util/plain-file.ts'

export interface PromptFilePlace {
  /** Absolute path. */
  file: string
  /** What names it, for errors: a field of the config, or a word for its place. */
  what: string
  /** Folder that it must not lead out of by links; left out: it may be anywhere. */
  within?: string
  /** That it is missing is an error. */
  isWanted: boolean
}

/**
 * A text file for the system prompt; null where it is not there and need not be. Never waits for
 * what is no plain file. Errors: `invalid_prompt`, naming the file.
 */
export async function readPromptFile(place: PromptFilePlace): Promise<PromptFile | null> {
  const { file, what, within, isWanted } = place
  const refuse = (problem: string, cause?: unknown): DroverError =>
    new DroverError('invalid_prompt', `${what}: ${file} ${problem}.`, {
      details: { field: what, file },
      ...(cause === undefined ? {} : { cause }),
    })
  let handle: FileHandle
  try {
    if (within !== undefined && !isInside(await realpath(file), await realpath(within))) {
      throw refuse('leads out of the folder')
    }
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if ((code === 'ENOENT' || code === 'ENOTDIR') && !isWanted) {
      return null
    }
    throw error instanceof DroverError
      ? error
      : refuse(code === 'ENOENT' ? 'does not exist' : "can't be read", error)
  }
  try {
    // A link may lead elsewhere by now.
    if (within !== undefined && !isOpenInside(handle.fd, file, [within])) {
      throw refuse('leads out of the folder')
    }
    return { source: file, text: await readText(handle, refuse) }
  } finally {
    await handle.close()
  }
}

async function readText(
  handle: FileHandle,
  refuse: (problem: string, cause?: unknown) => DroverError,
): Promise<string> {
  if (!(await handle.stat()).isFile()) {
    throw refuse('is no file')
  }
  const most = limits.prompt.fileBytes
  // One byte more tells a file that is too large, also one that grows meanwhile.
  const buffer = Buffer.alloc(most + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    length += bytesRead
    if (length > most) {
      throw refuse(`is larger than ${most / 1024} KiB`)
    }
    if (bytesRead === 0) {
      break
    }
  }
  const text = decode(buffer.subarray(0, length))
  if (text === null || text.includes('\0')) {
    throw refuse('is no UTF-8 text')
  }
  return text
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file)
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)
}
