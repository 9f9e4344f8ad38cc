import fc from 'fast-check'
import { parse } from 'plist'
import { expect, test } from 'vitest'
import { formatPlist } from './plist.ts'

const speakable = fc
  .string({ unit: 'binary' })
  // oxlint-disable-next-line no-control-regex
  .filter((text) => !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u.test(text))

test('whatever a list holds is read again as it was', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      speakable,
      fc.boolean(),
      fc.integer(),
      fc.array(tie('any')),
      fc.dictionary(
        speakable.filter((key) => key !== '' && key !== '__proto__'),
        tie('any'),
        {
          noNullPrototype: true,
        },
      ),
    ),
  }))
  fc.assert(
    fc.property(value.any, (any) => {
      expect(parse(formatPlist({ Any: any as string }))).toEqual({ Any: any })
    }),
  )
})

test.for(['\0', '\u0007', '\u001b[31m', '\u000b', '\ud800', '\uffff'])(
  'a text that XML can not hold is refused, and told where it is: %j',
  (text) => {
    expect(() => formatPlist({ Program: '/a', ProgramArguments: ['a', `b${text}`] })).toThrow(
      expect.objectContaining({
        place: 'ProgramArguments[1]',
        message: expect.stringContaining('ProgramArguments[1]: ') as string,
      }),
    )
  },
)
