import type { OnProgress, Progress } from '../engine/progress.ts'

export type Tell = (text: string) => void

/** What the engine tells of a pull, as one line: how much of all layers known so far is there. */
export function tellPull(name: string, tell: Tell): OnProgress {
  const layers = new Map<string, { currentBytes: number; totalBytes: number }>()
  return ({ text, layer, currentBytes, totalBytes }) => {
    if (layer !== null && text === 'Downloading' && currentBytes !== null && totalBytes !== null) {
      layers.set(layer, { currentBytes, totalBytes })
    }
    const known = layers.get(layer ?? '')
    if (known && /^(Download complete|Pull complete|Extracting)$/.test(text)) {
      known.currentBytes = known.totalBytes
    }
    const done = sum(layers, 'currentBytes')
    const all = sum(layers, 'totalBytes')
    tell(`pulling ${name}${all > 0 ? `: ${Math.floor((100 * done) / all)}%` : ''}`)
  }
}

/** What the engine tells of a build: the step it is at, else what it does. */
export function tellBuild(what: string, tell: Tell): OnProgress {
  let step = ''
  return (progress) => {
    step = readStep(progress.text) ?? step
    tell(`building ${what}: ${step || shorten(describe(progress))}`)
  }
}

/** `step 2/5: RUN make`; null for a line that begins no step. A command that begins with `: TITLE;` is told by that. */
export function readStep(text: string): string | null {
  const [, count, command = ''] = /^Step (\d+\/\d+) ?: (.*)/s.exec(text) ?? []
  const [, title] = /^RUN : ([^;]+);/.exec(command) ?? []
  return count === undefined ? null : `step ${count}: ${title ?? shorten(command)}`
}

function describe({ text, currentBytes, totalBytes }: Progress): string {
  const share =
    currentBytes !== null && totalBytes ? ` ${Math.floor((100 * currentBytes) / totalBytes)}%` : ''
  return `${text}${share}`
}

function sum(
  layers: ReadonlyMap<string, { currentBytes: number; totalBytes: number }>,
  field: 'currentBytes' | 'totalBytes',
): number {
  return [...layers.values()].reduce((total, layer) => total + layer[field], 0)
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
