import type { Readable } from 'node:stream'

/** No line of an engine is longer; one that is has lost its newline. */
const longestLineBytes = 4 * 1024 * 1024

/** The JSON values of a stream, one to a line or one after the other with nothing between lines. */
export async function* readJsonLines(source: Readable): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of source as AsyncIterable<Buffer>) {
    pending += decoder.decode(chunk, { stream: true })
    const lines = pending.split('\n')
    pending = lines.pop() ?? ''
    yield* lines.filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as unknown)
    if (pending.length > longestLineBytes) {
      throw new Error('The engine sent a line without an end.')
    }
  }
  if (pending.trim() !== '') {
    yield JSON.parse(pending) as unknown
  }
}
