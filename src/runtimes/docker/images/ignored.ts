/** Whether a path of a build's folder, relative and with `/`, is left out of what is sent. */
export interface Ignored {
  has(path: string): boolean
  /** Nothing below a folder that is left out can be wanted all the same. */
  isFinal: boolean
}

interface Rule {
  pattern: RegExp
  isWanted: boolean
}

/** Source: the format of `.dockerignore`; the last line that is right for a path or a folder above it counts. */
export function readIgnored(text: string): Ignored {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line) => ruleOf(line))
  return {
    has: (path) =>
      rules.reduce(
        (isOut, { pattern, isWanted }) => (pattern.test(path) ? !isWanted : isOut),
        false,
      ),
    isFinal: rules.every(({ isWanted }) => !isWanted),
  }
}

function ruleOf(line: string): Rule[] {
  const text = line.trim()
  if (text === '' || line.startsWith('#')) {
    return []
  }
  const isWanted = text.startsWith('!')
  const parts: string[] = []
  for (const part of (isWanted ? text.slice(1).trim() : text).split('/')) {
    if (part === '..') {
      parts.pop()
    } else if (part !== '' && part !== '.') {
      parts.push(part)
    }
  }
  return parts.length === 0 ? [] : [{ isWanted, pattern: patternOf(parts) }]
}

/** Also of all that is below. */
function patternOf(parts: readonly string[]): RegExp {
  const last = parts.length - 1
  const source = parts.map((part, index) => {
    if (part === '**') {
      return index === last ? '.*' : '(?:.*/)?'
    }
    return partOf(part) + (index === last ? '' : '/')
  })
  return new RegExp(`^${source.join('')}(?:/.*)?$`, 's')
}

/** `*` and `?` stop at a slash, and see names that begin with a dot as others. */
function partOf(part: string): string {
  return part.replace(
    /\*\*|\*|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|\\(.)|[^*?[\\]+|[[\\]/gsu,
    (
      found: string,
      not: string | undefined,
      set: string | undefined,
      escaped: string | undefined,
    ) => {
      if (set !== undefined) {
        return `[${not ? '^' : ''}${set.replace(/[[\]^]/g, String.raw`\$&`)}]`
      }
      switch (found) {
        case '**':
          return '.*'
        case '*':
          return '[^/]*'
        case '?':
          return '[^/]'
        default:
          return (escaped ?? found).replace(/[*?.+^${}()|[\]\\/]/g, String.raw`\$&`)
      }
    },
  )
}
