import { expect, test } from 'vitest'
import { chooseUser, parseUser } from './choose-user.ts'

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

test.each([
  ['1000:100', { uid: 1000, gid: 100 }],
  ['7', { uid: 7, gid: 7 }],
  ['node', null],
  [null, null],
  ['1000:node', null],
])('%s has the numbers %j', (user, numbers) => {
  expect(parseUser(user)).toEqual(numbers)
})
