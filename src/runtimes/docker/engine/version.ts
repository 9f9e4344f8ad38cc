import { DroverError } from '../../../schema/error.ts'

/** The API that this is written against: nothing of a newer one is used. */
const newest = '1.47'
/** Docker 20.10, Podman 3. */
const oldest = '1.41'

export interface VersionOffer {
  /** The newest the engine speaks. */
  apiVersion: string
  /** The oldest it still speaks; null where it doesn't say. */
  minApiVersion: string | null
  /** As people call the engine: `Docker 19.03.15`. */
  name: string
}

/** The newest that both speak. Errors: `engine_unfit`. */
export function chooseVersion({ apiVersion, minApiVersion, name }: VersionOffer): string {
  if (compare(apiVersion, oldest) < 0) {
    throw new DroverError(
      'engine_unfit',
      `${name} is too old: it speaks API ${apiVersion}, and ${oldest} is needed (Docker 20.10, Podman 3).`,
    )
  }
  if (minApiVersion !== null && compare(minApiVersion, newest) > 0) {
    throw new DroverError(
      'engine_unfit',
      `${name} is too new: it speaks API ${minApiVersion} and newer, and Drover ${newest} at most.`,
    )
  }
  return compare(apiVersion, newest) < 0 ? apiVersion : newest
}

/** By their numbers: 1.9 comes before 1.41. */
function compare(left: string, right: string): number {
  const [major = 0, minor = 0] = left.split('.').map(Number)
  const [otherMajor = 0, otherMinor = 0] = right.split('.').map(Number)
  return major - otherMajor || minor - otherMinor
}
