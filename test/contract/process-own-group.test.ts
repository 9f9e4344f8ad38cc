import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect } from 'vitest'
import { canMakeGroups, OwnGroup } from '../support/own-group.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { waitFor } from '../support/wait-for.ts'

const testInGroup = requireOrSkip('cgroup2', canMakeGroups)

describe('a daemon in a group of its own', () => {
  const file = (name: string): string =>
    JSON.stringify(fileURLToPath(new URL(`../../src/runtimes/limits/${name}`, import.meta.url)))
  /** As a daemon with its first limited run, but for the limits; then it waits for its input's end. */
  const script = `
    import { spawn } from 'node:child_process'
    import { findBase } from ${file('cgroup.ts')}
    import { createGroup, groupFolder } from ${file('limit-group.ts')}
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
    const before = await findBase()
    const run = { id: 'run_1', instance: 'home_1', folder: '' }
    const failure = 'problem' in before
      ? null
      : await createGroup(before, groupFolder(before, run), {}).then(() => null, (error) => error.message)
    const after = await findBase()
    console.log(JSON.stringify({ pids: [process.pid, child.pid], before, after, failure }))
    process.stdin.on('end', () => { child.kill(); process.exit() }).resume()
  `
  const spawnDaemon = async (
    group: OwnGroup,
  ): Promise<{ said: Record<string, unknown>; end: () => Promise<unknown> }> => {
    const [shell, ...rest] = group.enter()
    const child = spawn(shell, [...rest, process.execPath, '--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const end = async (): Promise<unknown> => {
      child.stdin.end()
      return await once(child, 'exit')
    }
    return { said: JSON.parse(line.toString()) as Record<string, unknown>, end }
  }

  testInGroup('moves itself and its children out of the way, once', async () => {
    await using group = new OwnGroup()
    const { said, end } = await spawnDaemon(group)
    expect(said).toMatchObject({
      before: { folder: group.folder, isRoot: false },
      failure: null,
    })
    expect(said['after']).toEqual(said['before'])
    expect(await group.processes()).toEqual([])
    const moved = await group.processes('drover-daemon')
    expect(new Set(moved)).toEqual(new Set(said['pids'] as number[]))
    expect(group.groups().toSorted()).toEqual([
      'drover-daemon',
      'drover-home_1',
      'drover-home_1/run_1',
    ])
    await end()
  })

  testInGroup('touches nothing where others are', async () => {
    await using group = new OwnGroup()
    const [shell, ...rest] = group.enter()
    const other = spawn(shell, [...rest, 'sleep', '1000'], { stdio: 'ignore' })
    await waitFor('the other to be in', async () =>
      (await group.processes()).includes(other.pid ?? 0),
    )
    const { said, end } = await spawnDaemon(group)
    const problem = expect.stringMatching(/holds other programs, too$/) as string
    expect(said).toMatchObject({ before: { problem }, after: { problem } })
    expect(group.groups()).toEqual([])
    expect(await group.processes()).toContain(other.pid)
    await end()
  })
})
