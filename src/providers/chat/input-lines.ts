/**
 * Lines of a stream without their newline, however the pieces fall; a last line without one is
 * given too. Invalid UTF-8 becomes U+FFFD.
 */
export async function* readLines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending: string[] = []
  for await (const chunk of stream) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n')
    const last = pieces.pop() ?? ''
    for (const piece of pieces) {
      yield pending.join('') + piece
      pending = []
    }
    pending.push(last)
  }
  const rest = pending.join('') + decoder.decode()
  if (rest !== '') {
    yield rest
  }
}
