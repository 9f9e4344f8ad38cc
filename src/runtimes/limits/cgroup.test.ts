import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTemporaryFolder } from '../../../test/support/temporary-folder.ts'
import { findBase, foreignProcesses, groupsIn, parseCgroupMounts, processesIn } from './cgroup.ts'

let folder: string
let proc: string
beforeEach(() => {
  folder = createTemporaryFolder()
  proc = path.join(folder, 'proc')
  mkdirSync(path.join(proc, 'self'), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Files as the kernel shows them, in a folder of the test's own. */
function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

/** This process in a group, `root` of cgroup v2 mounted at `tree`. */
function place(own: string, root = '/'): void {
  const point = path.join(folder, 'tree').replaceAll(' ', '\\040')
  write({
    'proc/self/cgroup': `4:memory:/elsewhere\n0::${own}\n`,
    'proc/self/mountinfo': [
      '23 1 0:21 / /proc rw - proc proc rw',
      '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
      `41 31 0:38 ${root} ${point} rw,relatime shared:9 - cgroup2 cgroup2 rw`,
      '',
    ].join('\n'),
  })
}

function writeGroup(name: string, files: Record<string, string> = {}): void {
  const all = {
    'cgroup.controllers': 'cpuset cpu io memory pids\n',
    'cgroup.procs': `${process.pid}\n`,
    'cgroup.subtree_control': '',
    'cgroup.type': 'domain\n',
    ...files,
  }
  write(
    Object.fromEntries(
      Object.entries(all).map(([file, text]) => [path.join('tree', name, file), text]),
    ),
  )
}

test('mounts of cgroup v2 are found, with odd names, and no others', () => {
  const text = [
    '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
    '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu',
    '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:4 master:2 - cgroup2 cgroup2 rw',
    '42 31 0:39 /a\\040b /mnt/tab\\011and\\134 rw - cgroup2 none rw',
    'rubbish',
  ].join('\n')
  expect(parseCgroupMounts(text)).toEqual([
    { root: '/', point: '/sys/fs/cgroup/unified' },
    { root: '/a b', point: '/mnt/tab\tand\\' },
  ])
})

describe('the group to make groups in', () => {
  test("is the daemon's own", async () => {
    place('/user/app')
    writeGroup('user/app')
    expect(await findBase(proc)).toEqual({
      folder: path.join(folder, 'tree/user/app'),
      path: '/user/app',
      isRoot: false,
      controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
    })
  })

  test('is the one above where the daemon was moved, or begun, in its own below', async () => {
    place('/user/app/drover-daemon')
    writeGroup('user/app', { 'cgroup.procs': '' })
    writeGroup('user/app/drover-daemon')
    expect(await findBase(proc)).toMatchObject({ path: '/user/app', isRoot: false })
  })

  test('is found where only a part of the tree is to be seen', async () => {
    place('/box/app', '/box')
    writeGroup('app')
    expect(await findBase(proc)).toMatchObject({ folder: path.join(folder, 'tree/app') })
  })

  test('may be the root of all, whoever else is in it', async () => {
    place('/')
    writeGroup('.', { 'cgroup.procs': '1\n2\n3\n' })
    rmSync(path.join(folder, 'tree/cgroup.type'))
    expect(await findBase(proc)).toMatchObject({ path: '/', isRoot: true })
  })

  test('may hold its children and what it started, and nothing else', async () => {
    place('/app')
    writeGroup('app', { 'cgroup.procs': `${process.pid}\n70001\n70002\n70003\n70004\n` })
    const stat = (pid: number, parent: number): string =>
      `${pid} (sh) S ${parent} 1 1 0 -1 4194560 100 0 0 0 1 2 3 4 20 0 1 0 123456789 1000000 200`
    write({
      'proc/70001/stat': stat(70001, process.pid),
      'proc/70002/stat': stat(70002, 1),
      'proc/70002/environ': 'HOME=/\0DROVER_INSTANCE=home_1\0',
      // 70003 has ended meanwhile, 70004 is on its way from a fork to a program.
      'proc/70004/stat': stat(70004, 70002),
      'proc/70004/environ': '',
    })
    expect(await findBase(proc)).toMatchObject({ path: '/app' })
    write({ 'proc/70002/environ': 'HOME=/\0NOT_DROVER_INSTANCE=home_1\0' })
    expect(await foreignProcesses(path.join(folder, 'tree/app'), proc)).toEqual([70002, 70004])
    expect(await findBase(proc)).toEqual({
      problem: "the daemon's cgroup v2 group /app holds other programs, too",
    })
  })

  test('is not there without cgroup v2', async () => {
    expect(await findBase(proc)).toEqual({ problem: 'there is no cgroup v2 here' })
    expect(await findBase('/nowhere')).toEqual({ problem: 'there is no cgroup v2 here' })
    write({
      'proc/self/cgroup': '3:cpu:/\n',
      'proc/self/mountinfo': '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n',
    })
    expect(await findBase(proc)).toEqual({ problem: 'there is no cgroup v2 here' })
  })

  test('is not there when it is outside of what is to be seen', async () => {
    place('/../other', '/box')
    expect(await findBase(proc)).toEqual({ problem: 'there is no cgroup v2 here' })
    place('/boxes', '/box')
    expect(await findBase(proc)).toEqual({ problem: 'there is no cgroup v2 here' })
  })

  test('is not there when it can not be read, or is one of threads', async () => {
    place('/app')
    expect(await findBase(proc)).toEqual({
      problem: expect.stringContaining("the daemon's cgroup v2 group /app can't be read") as string,
    })
    writeGroup('app', { 'cgroup.type': 'threaded\n' })
    expect(await findBase(proc)).toEqual({
      problem: "the daemon's cgroup v2 group /app is threaded",
    })
  })

  test('of a service is only there where the daemon was begun below it', async () => {
    place('/system/drover.service')
    writeGroup('system/drover.service')
    expect(await findBase(proc)).toEqual({
      problem:
        "the daemon's cgroup v2 group /system/drover.service is of a service without DelegateSubgroup=drover-daemon",
    })
    place('/system/drover.service/drover-daemon')
    writeGroup('system/drover.service', { 'cgroup.procs': '' })
    expect(await findBase(proc)).toMatchObject({ path: '/system/drover.service' })
  })

  // Root may write to what nobody may.
  test.skipIf(process.getuid?.() === 0)('is not there when it belongs to others', async () => {
    place('/app')
    writeGroup('app')
    chmodSync(path.join(folder, 'tree/app/cgroup.procs'), 0o444)
    expect(await findBase(proc)).toEqual({
      problem: "the daemon's cgroup v2 group /app is not its own to change",
    })
  })
})

test('a group that is gone has no processes and no groups', async () => {
  expect(await processesIn(path.join(folder, 'gone'))).toEqual([])
  expect(await groupsIn(path.join(folder, 'gone'))).toEqual([])
})
