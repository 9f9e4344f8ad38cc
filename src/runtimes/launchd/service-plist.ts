import { DroverError, type ErrorCode } from '../../schema/error.ts'
import { formatPlist, UnspeakableText, type PlistValue } from '../../util/plist.ts'

/** Property lists of ours. Errors: of this code, for a path that none can hold. */
export function formatService(
  root: { readonly [key: string]: PlistValue },
  code: ErrorCode,
): string {
  try {
    return formatPlist(root)
  } catch (error) {
    if (error instanceof UnspeakableText) {
      throw new DroverError(code, error.message, {
        details: { field: error.place },
        cause: error,
      })
    }
    throw error
  }
}
