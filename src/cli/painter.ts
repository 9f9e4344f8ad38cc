import type { TextSink } from './context.ts'

/**
 * Draws lines over those of the last drawing, in one write and without clearing first, so that
 * nothing flickers. Lines must not be wider than the terminal, nor more than its rows.
 */
export function createPainter(sink: TextSink): { draw(lines: readonly string[]): void } {
  let drawn = ''
  let height = 0
  return {
    draw: (lines) => {
      const frame = lines.map((line) => `${line}\u001B[K\n`).join('')
      if (frame === drawn) {
        return
      }
      const up = height > 0 ? `\u001B[${height}A\r` : ''
      sink.write(`${up}${frame}\u001B[J`)
      drawn = frame
      height = lines.length
    },
  }
}
