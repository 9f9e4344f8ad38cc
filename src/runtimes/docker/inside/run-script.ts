import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Engine } from '../engine/engine.ts'
import { explainRefusal } from '../engine/refusal.ts'
import type { Place } from './notes.ts'

/** Scripts of ours that are run inside, whole on the command line: nothing of an agent is in them. */
const scripts = new Map<string, string>()

export function scriptText(name: string): string {
  const text =
    scripts.get(name) ?? readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8')
  scripts.set(name, text)
  return text
}

/** What a shell inside is called with to run one of them. */
export function scriptArgv(name: string, args: readonly string[]): string[] {
  return ['/bin/sh', '-c', scriptText(name), name, ...args]
}

export interface ScriptCall {
  place: Place
  /** Left out: the place's. */
  user?: string
  script: string
  args: readonly string[]
}

/** How long a script may take that waits for nobody, ms. */
const deadlineMs = 30_000
/** What an engine says in the place of a program that it could not run. */
const refusal = /^(OCI runtime exec failed|unable to find (user|group))/

const longestAnswer = 16 * 1024 * 1024

/** Runs a script inside to its end; the lines that it said. Errors: those of `Engine.exec`, also where it tells them late. */
export async function runScript(
  engine: Engine,
  { place, user = place.user, script, args }: ScriptCall,
  signal: AbortSignal,
): Promise<string[]> {
  const bound = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
  const options = { argv: scriptArgv(script, args), user }
  const exec = await engine.exec(place.container, options, bound)
  try {
    exec.stderr.resume()
    const said = await readAll(exec.stdout)
    if (refusal.test(said)) {
      throw explainRefusal({ status: 0, message: said })
    }
    return said.split('\n').slice(0, -1)
  } finally {
    exec.close()
  }
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > longestAnswer) {
      throw new Error(`A script inside of a container said more than ${longestAnswer} bytes.`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
