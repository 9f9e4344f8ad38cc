/** A command of a document, and what the document says it prints. */
export interface Step {
  command: string
  printed: string[]
  /** Line of the document, from 1. */
  line: number
}

/**
 * The commands of a document's blocks that are marked to be run: fences that begin with
 * `console run`. In them a line that begins with `$ ` is a command, which a `\` at its end continues;
 * the lines under it are its output.
 */
export function readSteps(markdown: string): Step[] {
  const steps: Step[] = []
  let isInside = false
  let isOpen = false
  for (const [index, line] of markdown.split('\n').entries()) {
    const step = steps.at(-1)
    if (line.startsWith('```')) {
      isInside = !isInside && line === '```console run'
      isOpen = false
    } else if (isInside && isOpen && step) {
      step.command += `\n${line}`
      isOpen = line.endsWith('\\')
    } else if (isInside && line.startsWith('$ ')) {
      steps.push({ command: line.slice(2), printed: [], line: index + 1 })
      isOpen = line.endsWith('\\')
    } else if (isInside && step) {
      step.printed.push(line)
    }
  }
  return steps
}

/** What differs from one run to the next, and what is the same in each. */
const variableParts: readonly RegExp[] = [
  /(?:agent|home|msg|run|sch)_[0-9a-z]{22}/,
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/,
  /\d{4}-\d\d-\d\dT[0-9:.-]+Z/,
  /\d\d:\d\d:\d\d/,
  /(?:now|\d+[smhd] ago)(?![a-z])/,
  /in \d+[smhd](?![a-z])/,
  / for [\d.]+ (?:s|min|h|d)(?![a-z])/,
  /in [\d.]+ (?:s|min|h|d)(?: \((?:\d{4}-\d\d-\d\d )?\d\d:\d\d\))?(?![a-z])/,
  /[\d.]+ (?:s|min|h|d) ago(?![a-z])/,
  /for \d+[smhd]/,
  /pid +\d+/,
  /127\.0\.0\.1:\d+/,
  /"pid":\d+/,
  /"(?:seq|at|createdAt|updatedAt|durationMs)":\d+/,
  /^ *\d+(?=  \d\d:\d\d:\d\d)/,
  /^id: \d+/,
  /v\d+\.\d+\.\d+/,
  / +/,
]

/**
 * A pattern for printed lines: ids, times, ports and widths of columns may be others; `…` stands for
 * anything in its line, and alone in a line for any lines. `names` gives a document's names of places
 * their true ones.
 */
export function toPattern(
  printed: readonly string[],
  names: Readonly<Record<string, string>>,
): RegExp {
  const lines = printed.map((line) =>
    line === '…' ? '(?:.*\n)*?' : `${linePattern(line, names)}\n`,
  )
  return new RegExp(`^${lines.join('')}$`)
}

function linePattern(line: string, names: Readonly<Record<string, string>>): string {
  const places = Object.keys(names).map(escape)
  const special = new RegExp(
    [...places, ...variableParts.map(({ source }) => source), '…'].join('|'),
    'g',
  )
  let pattern = ''
  let end = 0
  for (const match of line.matchAll(special)) {
    pattern += escape(line.slice(end, match.index)) + partPattern(match[0], names)
    end = match.index + match[0].length
  }
  return pattern + escape(line.slice(end))
}

function partPattern(part: string, names: Readonly<Record<string, string>>): string {
  const name = names[part]
  if (name !== undefined) {
    return escape(name)
  }
  if (/^ for [\d.]+ /.test(part)) {
    // Less than a second is not told.
    return '(?: for [\\d.]+ (?:s|min|h|d))?'
  }
  const variable = variableParts.find(({ source }) => new RegExp(`^(?:${source})$`).test(part))
  return variable ? `(?:${variable.source.replace('^', '').replace(/\(\?=.*\)$/, '')})` : '.*'
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
