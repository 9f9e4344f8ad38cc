import { DroverError } from '../schema/error.ts'

type Values = Readonly<Record<string, string | undefined>>

/**
 * The same data with `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}` of its texts filled
 * in; `$$` is a dollar. Errors: `invalid_compose` for a name without a value.
 */
export function fillIn(data: unknown, values: Values): unknown {
  if (typeof data === 'string') {
    return fillText(data, values)
  }
  if (Array.isArray(data)) {
    return data.map((each) => fillIn(each, values))
  }
  if (typeof data === 'object' && data !== null) {
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, fillIn(value, values)]),
    )
  }
  return data
}

function fillText(text: string, values: Values): string {
  return text.replace(
    /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?-)([^}]*))?\}|(.?))/gs,
    (
      found: string,
      dollar: string | undefined,
      bare: string | undefined,
      braced: string | undefined,
      mark: string | undefined,
      other: string | undefined,
    ) => {
      if (dollar) {
        return '$'
      }
      const name = bare ?? braced
      if (name === undefined) {
        throw refuse(`${JSON.stringify(text.slice(0, 100))}: ${found} can't be filled in`)
      }
      const value = values[name]
      const isMissing = value === undefined || (value === '' && mark === ':-')
      if (!isMissing) {
        return value
      }
      if (mark === undefined) {
        throw refuse(`${found} has no value: write it into .env beside the file, or a default`)
      }
      return other ?? ''
    },
  )
}

function refuse(problem: string): DroverError {
  return new DroverError('invalid_compose', `container.compose: ${problem}.`, {
    details: { field: 'container.compose' },
  })
}
