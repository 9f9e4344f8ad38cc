/**
 * Splits a stream of Server-Sent Events into the `data` of each, whatever the pieces it comes in.
 * Source: WHATWG HTML, 9.2.6. Only `data` lines matter to model endpoints.
 */
export function createEventSplitter(): (piece: string) => string[] {
  let rest = ''
  let data: string[] = []
  return (piece) => {
    const events: string[] = []
    // A CR at the end may be half of a CR LF: it waits for the next piece.
    const text = rest + piece
    const isOpenReturn = text.endsWith('\r')
    const lines = (isOpenReturn ? text.slice(0, -1) : text).split(/\r\n|\n|\r/)
    rest = (lines.pop() ?? '') + (isOpenReturn ? '\r' : '')
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) {
          events.push(data.join('\n'))
        }
        data = []
      } else if (line.startsWith('data:')) {
        data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
      }
    }
    return events
  }
}
