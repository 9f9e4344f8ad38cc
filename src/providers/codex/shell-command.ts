/**
 * The command that Codex runs, without the shell that it always runs it with: `ls -l` for
 * `/bin/bash -lc 'ls -l'`. Rules about commands and people who read them mean that one. Anything that
 * is not exactly a shell, its flag and one text is left as it is.
 */
export function bareCommand(command: string): string {
  const words = splitWords(command)
  const [shell = '', flag = '', script] = words ?? []
  const isWrapped =
    words?.length === 3 && /(?:^|\/)(?:ba|z|da|k)?sh$/.test(shell) && /^-l?c$/.test(flag)
  return isWrapped && script !== undefined ? script : command
}

const escapedInDoubleQuotes = '$`"\\'

/** The words of a quoted command line, as a POSIX shell would take them; null where a quote does not end, or a line goes on below. */
function splitWords(text: string): string[] | null {
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let index = 0; index < text.length; index++) {
    const sign = text[index]!
    const next = text[index + 1]
    if (sign === '\\' && next === '\n' && quote !== "'") {
      return null
    }
    if (quote !== '' && sign === quote) {
      quote = ''
    } else if (quote === '' && (sign === "'" || sign === '"')) {
      quote = sign
      word ??= ''
    } else if (sign === '\\' && quote !== "'" && next !== undefined) {
      const isEscape = quote === '' || escapedInDoubleQuotes.includes(next)
      word = (word ?? '') + (isEscape ? next : sign + next)
      index++
    } else if (quote === '' && /\s/.test(sign)) {
      words.push(...(word === null ? [] : [word]))
      word = null
    } else {
      word = (word ?? '') + sign
    }
  }
  words.push(...(word === null ? [] : [word]))
  return quote === '' ? words : null
}
