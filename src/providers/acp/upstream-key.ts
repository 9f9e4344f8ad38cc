import { readFileSync } from 'node:fs'
import type { Upstream } from '../../schema/config.ts'
import { DroverError } from '../../schema/error.ts'

/** The key of an endpoint in config; one of one's own often takes any, but programs insist on one. */
export function readUpstreamKey(name: 'openai' | 'gemini', { keyFile }: Upstream): string {
  if (keyFile === undefined) {
    return 'drover-no-key'
  }
  try {
    return readFileSync(keyFile, 'utf8').trim()
  } catch (error) {
    const field = `gateway.upstreams.${name}.keyFile`
    throw new DroverError('invalid_config', `${field}: ${keyFile} can't be read.`, {
      details: { field },
      cause: error,
    })
  }
}
