import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { DroverError } from '../../../schema/error.ts'
import type { BoxWish } from '../../box.ts'
import type { RunReference } from '../../contract.ts'
import { markOf } from '../../holder/marks.ts'
import { holderScript } from '../../holder/start-holder.ts'
import { encodeLaunchLines } from '../../launch-lines.ts'
import type { Engine } from '../engine/engine.ts'
import type { InsideHandle } from './handle.ts'
import type { InnerUser } from './known-users.ts'
import { innerFolder, type Place } from './notes.ts'
import { encodeFiles, filesAt, type BoxedLaunch } from './prepare.ts'
import { scriptArgv, scriptText } from './run-script.ts'

type BeginWish = Pick<BoxWish, 'container' | 'ownFolders'>

/** How long its shell may take to say that it is up, ms. */
const upMs = 30_000

/** What holds a run inside is called with. */
export function beginArgv(run: RunReference, { container, ownFolders }: BeginWish): string[] {
  const own = [scriptText('hold.sh'), scriptText('../read-launch.sh')]
  const holder = readFileSync(holderScript, 'utf8')
  const args = [innerFolder(run), container.envFile ?? '', ...own, holder, ...ownFolders]
  return scriptArgv('begin.sh', args)
}

/** What its shell said first. */
export async function begin(
  engine: Engine,
  { place, launch, inner }: { place: Place; launch: BoxedLaunch; inner: InnerUser },
  signal: AbortSignal,
): Promise<string> {
  const { run, box, argv, cwd } = launch
  const mark = markOf(run)
  const bound = AbortSignal.any([signal, AbortSignal.timeout(upMs)])
  const exec = await engine.exec(
    place.container,
    {
      argv: beginArgv(run, box),
      user: place.user,
      env: {
        HOME: box.container.home ?? inner.home,
        USER: inner.name,
        LOGNAME: inner.name,
        ...mark,
      },
    },
    bound,
  )
  try {
    exec.stderr.resume()
    const files = filesAt(box.files ?? [])
    const lines = encodeLaunchLines({ argv, env: { ...launch.env, ...mark }, cwd })
    exec.stdin.write(`${encodeFiles(files)}${lines}`)
    return await firstLine(exec.stdout)
  } finally {
    exec.close()
  }
}

/** Who holds it. */
export type Up = Pick<InsideHandle, 'pid' | 'startTime'>

/** Errors: `start_failed`, with what is wrong there. */
export function readUp(said: string, { place, cwd }: { place: Place; cwd: string }): Up {
  const up = /^up (\d+) (\d+)$/.exec(said)
  if (!up) {
    throw explain(said, { place, cwd })
  }
  return { pid: Number(up[1]), startTime: up[2] ?? '' }
}

function explain(said: string, { place, cwd }: { place: Place; cwd: string }): DroverError {
  const { name, user } = place
  if (said === 'no-folder') {
    const text = `dir: the user ${user} may not go to ${cwd} in ${name}.`
    return new DroverError('start_failed', text, { details: { field: 'dir' } })
  }
  const text = said.startsWith('unmade ')
    ? `container.user: the user ${user} can't write ${said.slice(7)} in ${name}. Name one who can come there, or keep the home of Drover where it can.`
    : `Its program could not be begun in ${name}: ${said || 'its shell said nothing'}.`
  return new DroverError('start_failed', text, { details: { container: name } })
}

async function firstLine(stream: Readable): Promise<string> {
  let all = ''
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    all += chunk.toString()
    if (all.includes('\n')) {
      break
    }
  }
  return all.split('\n')[0] ?? ''
}
