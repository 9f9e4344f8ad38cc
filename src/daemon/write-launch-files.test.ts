import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import type { AgentFolders } from './context.ts'
import { writeLaunchFiles } from './write-launch-files.ts'

function foldersIn(folder: string): AgentFolders {
  const at = (name: string): string => path.join(folder, 'agent', name)
  return { state: at('state'), home: at('home'), work: at('work'), box: at('box') }
}

describe('the files of a launch', () => {
  test('are written where they are to be, in folders that are made', () => {
    using folder = temporaryFolder()
    const folders = foldersIn(folder.path)
    const file = path.join(folders.state, 'deep', 'er', 'config.json')
    writeLaunchFiles(folders, [{ path: file, content: 'one' }])
    writeLaunchFiles(folders, [{ path: file, content: 'two' }])
    expect(readFileSync(file, 'utf8')).toBe('two')
  })

  test('are not written through links that a program put there, and then none is', () => {
    using folder = temporaryFolder()
    using machine = temporaryFolder()
    const folders = foldersIn(folder.path)
    const other = path.join(machine.path, 'settings.json')
    writeFileSync(other, 'kept')
    mkdirSync(path.join(folders.state), { recursive: true })
    const first = { path: path.join(folders.state, 'first'), content: 'x' }
    const place = path.join(folders.state, 'claude')
    const file = { path: path.join(place, 'settings.json'), content: 'x' }
    symlinkSync(machine.path, place)
    expect(() => writeLaunchFiles(folders, [first, file])).toThrow('Remove it')
    rmSync(place)
    mkdirSync(place)
    // A provider may have read it, to write it anew.
    symlinkSync(other, file.path)
    expect(() => writeLaunchFiles(folders, [first, file])).toThrow('Remove it')
    rmSync(file.path)
    symlinkSync(other, `${file.path}.new`)
    writeLaunchFiles(folders, [first, file])
    expect(readFileSync(file.path, 'utf8')).toBe('x')
    expect(readFileSync(other, 'utf8')).toBe('kept')
    expect(readdirSync(machine.path)).toEqual(['settings.json'])
    expect(readdirSync(folders.state).toSorted()).toEqual(['claude', 'first'])
  })
})
