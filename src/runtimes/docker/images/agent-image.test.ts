import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { dockerfileOf, planAgentImage, readPrograms } from './agent-image.ts'
import { copyProgram } from './copied-program.ts'

describe('an image of agents', () => {
  it('gets packages by name and version, in one step', () => {
    const text = dockerfileOf({
      tag: 'a',
      from: 'node:24',
      programs: [
        { kind: 'package', provider: 'claude', package: '@anthropic-ai/claude-code', version: '2' },
        { kind: 'package', provider: 'codex', package: '@openai/codex', version: '0.169' },
      ],
    })
    expect(text.split('\n')[0]).toBe('FROM node:24')
    expect(text).toContain(' @anthropic-ai/claude-code@2 @openai/codex@0.169 &&')
    expect(text).not.toContain('COPY')
    expect(text.match(/^RUN/gm)).toHaveLength(2)
  })

  it('without programs needs no npm', () => {
    expect(dockerfileOf({ tag: 'a', from: 'b', programs: [] })).not.toContain('npm')
  })

  it('has on record what is in it', async () => {
    const program = {
      kind: 'package',
      provider: 'gemini',
      package: 'g',
      version: '0.61.0',
    } as const
    const { labels } = await planAgentImage({ tag: 'a', from: 'base', programs: [program] })
    expect(labels).toMatchObject({ 'drover.image': 'agent', 'drover.from': 'base' })
    expect(readPrograms(labels['drover.programs'])).toEqual({ gemini: '0.61.0' })
    expect(readPrograms('')).toEqual({})
  })
})

describe.runIf(process.platform === 'linux')('a program of this machine', () => {
  it('that the kernel runs by itself is copied alone', async () => {
    const entries = await copyProgram('tool', process.execPath)
    expect(entries).toMatchObject([
      {
        kind: 'file',
        name: 'usr/local/bin/tool',
        mode: 0o755,
        path: realpathSync(process.execPath),
      },
    ])
  })

  it('that is of an npm package is copied with all that it needs, and no more', async () => {
    using folder = temporaryFolder()
    const at = (name: string): string => path.join(folder.path, 'node_modules', name)
    const make = (name: string, manifest: object): void => {
      mkdirSync(at(name), { recursive: true })
      writeFileSync(path.join(at(name), 'package.json'), JSON.stringify(manifest))
    }
    make('@scope/main', {
      dependencies: { near: '1', far: '1' },
      optionalDependencies: { 'main-linux': '1', 'main-darwin': '1' },
    })
    make('@scope/main/node_modules/near', { dependencies: { deep: '1' } })
    make('far', {})
    make('deep', {})
    make('near', { dependencies: { never: '1' } })
    make('never', {})
    make('main-linux', {})
    mkdirSync(at('@scope/main/bin'))
    writeFileSync(at('@scope/main/bin/main.js'), '#!/usr/bin/env node\n')
    chmodSync(at('@scope/main/bin/main.js'), 0o755)
    mkdirSync(at('.bin'))
    symlinkSync('../@scope/main/bin/main.js', at('.bin/main'))
    const entries = await copyProgram('main', at('.bin/main'))
    const manifests = entries.filter(({ name }) => name.endsWith('package.json'))
    const root = 'opt/drover/main/node_modules'
    expect(manifests.map(({ name }) => name)).toEqual([
      `${root}/@scope/main/node_modules/near/package.json`,
      `${root}/@scope/main/package.json`,
      `${root}/deep/package.json`,
      `${root}/far/package.json`,
      `${root}/main-linux/package.json`,
    ])
    expect(entries.at(-1)).toEqual({
      kind: 'link',
      name: 'usr/local/bin/main',
      mode: 0o777,
      target: `/${root}/@scope/main/bin/main.js`,
    })
    expect(entries.find(({ name }) => name.endsWith('main.js'))?.mode).toBe(0o755)
  })

  it('that is a script of its own is refused, with the way out', async () => {
    using folder = temporaryFolder()
    const script = path.join(folder.path, 'tool')
    writeFileSync(script, '#!/bin/sh\n')
    await expect(copyProgram('tool', script)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('without copy it is fetched') as string,
    })
  })
})
