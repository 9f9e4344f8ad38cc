/** What a property list of ours holds. */
export type PlistValue =
  | string
  | number
  | boolean
  | readonly PlistValue[]
  | { readonly [key: string]: PlistValue }

/** What XML 1.0 has no way to say, not even escaped. */
// oxlint-disable-next-line no-control-regex
const unspeakable = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u

/** A text that no property list can hold, and where in it: `ProgramArguments[4]`. */
export class UnspeakableText extends Error {
  readonly place: string

  constructor(text: string, place: string) {
    super(
      `${place}: ${JSON.stringify(text)} has a control character, which no property list can hold. Use a path without it.`,
    )
    this.place = place
  }
}

/** A property list as XML. Throws `UnspeakableText`. Source: plist(5). */
export function formatPlist(root: { readonly [key: string]: PlistValue }): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    format(root, ''),
    '</plist>',
    '',
  ].join('\n')
}

function format(value: PlistValue, place: string): string {
  if (typeof value === 'string') {
    return `<string>${escape(value, place)}</string>`
  }
  if (typeof value === 'boolean') {
    return value ? '<true/>' : '<false/>'
  }
  if (typeof value === 'number') {
    return `<integer>${Math.trunc(value)}</integer>`
  }
  if (isList(value)) {
    const items = value.map((item, index) => format(item, `${place}[${index}]`))
    return `<array>\n${items.join('\n')}\n</array>`
  }
  const entries = Object.entries(value).map(([key, item]) => {
    const inner = place === '' ? key : `${place}.${key}`
    return `<key>${escape(key, inner)}</key>\n${format(item, inner)}`
  })
  return `<dict>\n${entries.join('\n')}\n</dict>`
}

function isList(value: object): value is readonly PlistValue[] {
  return Array.isArray(value)
}

function escape(text: string, place: string): string {
  if (unspeakable.test(text)) {
    throw new UnspeakableText(text, place)
  }
  // A carriage return that is not escaped would be read as a newline.
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;')
}
