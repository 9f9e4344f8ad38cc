import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { hashContext, readContext } from './build-context.ts'

let folder: string
const at = (name: string): string => path.join(folder, name)
const { signal } = new AbortController()

beforeEach(() => {
  folder = createTemporaryFolder()
  for (const name of ['src', 'node_modules/x', 'deploy', 'empty']) {
    mkdirSync(at(name), { recursive: true })
  }
  for (const name of ['Dockerfile', 'src/a', 'src/b', 'node_modules/x/y', 'deploy/Dockerfile']) {
    writeFileSync(at(name), name)
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function namesOf(dockerfile = 'Dockerfile'): Promise<string[]> {
  return (await readContext(folder, dockerfile, signal)).map(({ name }) => name)
}

async function hash(): Promise<string> {
  return await hashContext(await readContext(folder, 'Dockerfile', signal), signal)
}

it('the context of a build is all of the folder, and of links what they say', async () => {
  symlinkSync('/etc', at('link'))
  execFileSync('mkfifo', [at('fifo')])
  const entries = await readContext(folder, 'Dockerfile', signal)
  expect(entries.map(({ name }) => name)).toEqual([
    'Dockerfile',
    'deploy',
    'deploy/Dockerfile',
    'empty',
    'link',
    'node_modules',
    'node_modules/x',
    'node_modules/x/y',
    'src',
    'src/a',
    'src/b',
  ])
  expect(entries.find(({ name }) => name === 'link')).toMatchObject({
    kind: 'link',
    target: '/etc',
  })
})

it('the context of a build is without what .dockerignore names, but with the Dockerfile', async () => {
  writeFileSync(at('.dockerignore'), 'node_modules\ndeploy\nempty\nDockerfile\n')
  expect(await namesOf()).toEqual(['.dockerignore', 'Dockerfile', 'src', 'src/a', 'src/b'])
  expect(await namesOf('deploy/Dockerfile')).toEqual([
    '.dockerignore',
    'deploy',
    'deploy/Dockerfile',
    'src',
    'src/a',
    'src/b',
  ])
})

it('the context of a build has what is wanted below a folder that is left out', async () => {
  writeFileSync(at('.dockerignore'), '*\n!src/b\n')
  expect(await namesOf()).toEqual(['.dockerignore', 'Dockerfile', 'src', 'src/b'])
})

it('the same content has the same hash whenever it was written, and another has another', async () => {
  const first = await hash()
  utimesSync(at('src/a'), 1, 1)
  expect(await hash()).toBe(first)
  writeFileSync(at('src/a'), 'changed')
  const second = await hash()
  expect(second).not.toBe(first)
  chmodSync(at('src/a'), 0o755)
  expect(await hash()).not.toBe(second)
})

it('reading a context ends by its signal', async () => {
  await expect(readContext(folder, 'Dockerfile', AbortSignal.abort())).rejects.toThrow(/abort/i)
})
