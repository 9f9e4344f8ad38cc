/** Versions from one to another, both with it; `1.2` as an end means all of 1.2. */
export interface VersionRange {
  from: string
  to: string
}

/** Why a version is worth a warning; null when it is in the range, or not known. */
export function versionWarning(version: string | null, tested: VersionRange): string | null {
  if (version === null) {
    return null
  }
  const { from, to } = tested
  const range = from === to ? from : `${from} to ${to}`
  if (compareVersions(version, from) < 0) {
    return `${version} is older than what was tested (${range})`
  }
  return compareVersions(version, to, true) > 0
    ? `${version} is newer than what was tested (${range})`
    : null
}

/** Below 0: `left` is the older. `isPrefix`: only as many numbers as `right` has are compared. */
export function compareVersions(left: string, right: string, isPrefix = false): number {
  const [mine, other] = [numbersOf(left), numbersOf(right)]
  const length = isPrefix ? other.length : Math.max(mine.length, other.length)
  for (let index = 0; index < length; index++) {
    const difference = (mine[index] ?? 0) - (other[index] ?? 0)
    if (difference !== 0) {
      return difference
    }
  }
  return 0
}

function numbersOf(version: string): number[] {
  const [numbers = ''] = /\d+(?:\.\d+)*/.exec(version) ?? []
  return numbers.split('.').map(Number)
}
