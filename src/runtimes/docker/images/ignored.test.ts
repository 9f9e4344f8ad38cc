import { describe, expect, it } from 'vitest'
import { readIgnored } from './ignored.ts'

const isOut = (text: string, path: string): boolean => readIgnored(text).has(path)

describe('.dockerignore', () => {
  it.each<[string, string, boolean]>([
    ['node_modules', 'node_modules', true],
    ['node_modules', 'node_modules/a/b.js', true],
    ['node_modules', 'src/node_modules', false],
    ['**/node_modules', 'src/a/node_modules/x', true],
    ['**/node_modules', 'node_modules', true],
    ['/dist/', 'dist/x', true],
    ['./dist', 'dist', true],
    ['a/../dist', 'dist', true],
    ['*.log', 'x.log', true],
    ['*.log', 'sub/x.log', false],
    ['*.log', '.log', true],
    ['*', '.env', true],
    ['**/*.log', 'a/b/x.log', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**', 'a/b', true],
    ['a/**', 'b', false],
    ['file?.txt', 'file1.txt', true],
    ['file?.txt', 'file12.txt', false],
    ['file[0-9].txt', 'file7.txt', true],
    ['file[^0-9].txt', 'file7.txt', false],
    [String.raw`\*.txt`, '*.txt', true],
    [String.raw`\*.txt`, 'a.txt', false],
    ['a.b', 'axb', false],
    ['a+(b)', 'a+(b)', true],
    ['# comment', '# comment', false],
    ['', 'a', false],
    ['/', 'a', false],
    ['  spaced  ', 'spaced', true],
    ['\uFEFFdist', 'dist', true],
    ['dist\r\n*.o\r\n', 'x.o', true],
    ['[', '[', true],
  ])('%j leaves out %j: %s', (text, path, is) => {
    expect(isOut(text, path)).toBe(is)
  })

  it('goes by the last line that is right for a path', () => {
    const text = '*\n!src\nsrc/secret\n!src/secret/public\n'
    expect(isOut(text, 'README')).toBe(true)
    expect(isOut(text, 'src/a.ts')).toBe(false)
    expect(isOut(text, 'src/secret/key')).toBe(true)
    expect(isOut(text, 'src/secret/public/x')).toBe(false)
    expect(readIgnored(text).isFinal).toBe(false)
    expect(readIgnored('dist').isFinal).toBe(true)
  })
})
