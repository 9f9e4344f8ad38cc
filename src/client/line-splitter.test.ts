import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LineSplitter } from './line-splitter.ts'

it('gives the same lines however the text is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('', '\n', 'a', 'bc\n', '\n\n', 'ä')), (pieces) => {
      const splitter = new LineSplitter()
      const lines = pieces.flatMap((piece) => splitter.push(piece))
      const expected = pieces.join('').split('\n')
      const last = expected.pop()
      expect([...lines, ...splitter.end()]).toEqual(last ? [...expected, last] : expected)
    }),
  )
})
