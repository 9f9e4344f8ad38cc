import { expect, test } from 'vitest'
import { chooseUser } from './choose-user.ts'

const owner = { uid: 1000, gid: 100 }

test.each([
  [{ wanted: null, owner, isRootless: false }, '1000:100'],
  [{ wanted: 'node', owner, isRootless: false }, 'node'],
  [{ wanted: null, owner: null, isRootless: false }, null],
  [{ wanted: null, owner, isRootless: true }, '0:0'],
  [{ wanted: '7:7', owner, isRootless: true }, '7:7'],
])('%j runs as %s', (facts, user) => {
  expect(chooseUser(facts)).toBe(user)
})
