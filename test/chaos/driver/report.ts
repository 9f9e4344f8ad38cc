/** Counts of what happened, by group and name; groups and names are listed as they first came. */
export class Tally {
  readonly #groups = new Map<string, Map<string, number>>()

  count(group: string, name: string, by = 1): void {
    const names = this.#groups.get(group) ?? new Map<string, number>()
    names.set(name, (names.get(name) ?? 0) + by)
    this.#groups.set(group, names)
  }

  of(group: string, name: string): number {
    return this.#groups.get(group)?.get(name) ?? 0
  }

  names(group: string): string[] {
    return [...(this.#groups.get(group)?.keys() ?? [])]
  }

  sum(group: string): number {
    return [...(this.#groups.get(group)?.values() ?? [])].reduce((sum, count) => sum + count, 0)
  }

  /** A table for people: a group, its sum, then its names, the most frequent first. */
  format(): string {
    const lines: string[] = []
    for (const [group, names] of this.#groups) {
      lines.push(`${group.padEnd(34)}${String(this.sum(group)).padStart(7)}`)
      const sorted = [...names].toSorted(([, a], [, b]) => b - a)
      lines.push(
        ...sorted.map(([name, count]) => `  ${name.padEnd(32)}${String(count).padStart(7)}`),
      )
    }
    return lines.join('\n')
  }
}

/** A promise that was broken: which, how, and where to look. */
export class Violation extends Error {
  readonly invariant: string
  readonly findings: readonly string[]

  constructor(invariant: string, findings: readonly string[]) {
    super(`${invariant}\n${findings.map((finding) => `  ${finding}`).join('\n')}`)
    this.name = 'Violation'
    this.invariant = invariant
    this.findings = findings
  }
}
