import { isObject, objectOf, objectsOf, textOf, type JsonObject } from './wire.ts'

/**
 * What a tool gave, as text. The raw output comes first: what is meant for an editor's eyes is
 * fenced, shortened, or left out.
 */
export function resultText(update: JsonObject): string {
  const raw = update['rawOutput']
  const said = textOf(raw) ?? textOf(objectOf(raw)['output'])
  if (said !== null) {
    return said
  }
  const shown = objectsOf(update['content']).flatMap(blockText).join('\n')
  if (shown !== '') {
    return shown
  }
  const error = textOf(objectOf(raw)['error'])
  const terminal = objectOf(objectOf(update['_meta'])['terminal_output_delta'])
  return error ?? textOf(terminal['data']) ?? (isObject(raw) ? JSON.stringify(raw) : '')
}

function blockText({ type, content, path }: JsonObject): string[] {
  if (type === 'diff') {
    return [`changed ${textOf(path) ?? 'a file'}`]
  }
  const text = textOf(objectOf(content)['text'])
  return text === null ? [] : [text]
}
