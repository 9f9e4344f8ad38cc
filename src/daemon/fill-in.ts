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

interface Found {
  dollar?: string
  bare?: string
  braced?: string
  mark?: string
  other?: string
}

const pattern =
  /\$(?:(?<dollar>\$)|(?<bare>[A-Za-z_]\w*)|\{(?<braced>[A-Za-z_]\w*)(?:(?<mark>:?-)(?<other>[^}]*))?\}|.?)/gs

function fillText(text: string, values: Values): string {
  return text.replace(pattern, (...found) => valueOf(found[0], found.at(-1) as Found, values))
}

function valueOf(
  found: string,
  { dollar, bare, braced, mark, other }: Found,
  values: Values,
): string {
  if (dollar !== undefined) {
    return '$'
  }
  const name = bare ?? braced
  if (name === undefined) {
    throw refuse(`${found} can't be filled in; a dollar that is meant is $$`)
  }
  const value = values[name]
  if (value !== undefined && !(value === '' && mark === ':-')) {
    return value
  }
  if (mark === undefined) {
    throw refuse(`${found} has no value: write it into .env beside the file, or a default`)
  }
  return other ?? ''
}

function refuse(problem: string): DroverError {
  return new DroverError('invalid_compose', `container.compose: ${problem}.`, {
    details: { field: 'container.compose' },
  })
}
