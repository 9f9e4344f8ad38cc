/** In commands of units a `$` begins a variable, doubled it is itself. Source: systemd.service(5). */
export function keepDollars(word: string): string {
  return word.replaceAll('$', '$$$$')
}

/** One word of a setting of systemd, whatever is in it. Source: systemd.syntax(7). */
export function quoteWord(word: string): string {
  return `"${word.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
}

/** In unit files a `%` begins a specifier, doubled it is itself. Source: systemd.unit(5). */
export function keepPercents(word: string): string {
  return word.replaceAll('%', '%%')
}
