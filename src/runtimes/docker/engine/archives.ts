import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { isMissing } from './refusal.ts'
import type { EngineRequest, Transport } from './transport.ts'

/** A file or folder in a container, as Go sees it. */
export interface ArchiveStat {
  name: string
  sizeBytes: number
  /** Of `os.FileMode`; the lowest nine bits are those of chmod. */
  mode: number
  /** ISO 8601. */
  modifiedAt: string
  /** Where a symlink leads; null for what is none. */
  linkTarget: string | null
}

const StatHeader = z.object({
  name: z.string(),
  size: z.number(),
  mode: z.number(),
  mtime: z.string(),
  linkTarget: z.string().default(''),
})

/** Packing begins once all of it was looked at, ms. */
const slowMs = 120_000

/** A tar of what is at the path; null where nothing is. It must be read to its end or destroyed. */
export async function getArchive(
  transport: Transport,
  id: string,
  path: string,
  signal: AbortSignal,
): Promise<{ tar: Readable; stat: ArchiveStat } | null> {
  try {
    const response = await transport.open({ ...archiveOf(id, path), method: 'GET', signal })
    return { tar: response, stat: readStat(response) }
  } catch (error) {
    if (isMissing(error)) {
      return null
    }
    throw error
  }
}

/** What is at the path; null where nothing is. */
export async function statArchive(
  transport: Transport,
  id: string,
  path: string,
  signal: AbortSignal,
): Promise<ArchiveStat | null> {
  try {
    const response = await transport.open({ ...archiveOf(id, path), method: 'HEAD', signal })
    response.destroy()
    return readStat(response)
  } catch (error) {
    if (isMissing(error)) {
      return null
    }
    throw error
  }
}

/** Unpacks the tar into the folder at the path, which must be there. */
export async function putArchive(
  transport: Transport,
  target: { id: string; path: string },
  tar: Readable,
  signal: AbortSignal,
): Promise<void> {
  const { id, path } = target
  const request = { ...archiveOf(id, path), method: 'PUT', tar, signal } as const
  try {
    await transport.askText({ ...request, deadlineMs: 3_600_000 })
  } finally {
    tar.destroy()
  }
}

function archiveOf(id: string, path: string): Pick<EngineRequest, 'path' | 'query' | 'deadlineMs'> {
  return {
    path: `/containers/${encodeURIComponent(id)}/archive`,
    query: { path },
    deadlineMs: slowMs,
  }
}

function readStat(response: IncomingMessage): ArchiveStat {
  const header = String(response.headers['x-docker-container-path-stat'] ?? '')
  const stat = StatHeader.parse(JSON.parse(Buffer.from(header, 'base64').toString()))
  return {
    name: stat.name,
    sizeBytes: stat.size,
    mode: stat.mode,
    modifiedAt: stat.mtime,
    linkTarget: stat.linkTarget || null,
  }
}
