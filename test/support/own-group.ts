import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseCgroupMounts, processesIn } from '../../src/runtimes/limits/cgroup.ts'
import { sendSignal } from '../../src/util/process-identity.ts'
import { waitFor } from './wait-for.ts'

let count = 0

/** Where cgroup v2 is mounted; null where it is not. */
const root = process.platform === 'linux' ? findRoot() : null

/** Whether this user may make cgroup v2 groups of its own. */
export const canMakeGroups = root !== null && tryGroup([])

/** Whether these groups can have limits: all controllers are there, and none is held by cgroup v1. */
export const canLimitGroups = root !== null && tryGroup(['memory', 'cpu', 'pids'])

/** A group of a test's own. What is in it at the end is killed, each by its pid. */
export class OwnGroup implements AsyncDisposable {
  readonly folder: string

  constructor(controllers: readonly string[] = []) {
    this.folder = createGroup(controllers)
  }

  /** The arguments that start a program in this group, or in one below it. */
  enter(below = ''): [string, ...string[]] {
    return [
      '/bin/sh',
      '-c',
      'echo 0 >"$0/cgroup.procs" && exec "$@"',
      path.join(this.folder, below),
    ]
  }

  /** Names of the groups below, with theirs. */
  groups(): string[] {
    return groupsBelow(this.folder).map((each) => path.relative(this.folder, each))
  }

  read(file: string): string {
    return readFileSync(path.join(this.folder, file), 'utf8')
  }

  async processes(below = ''): Promise<number[]> {
    return await processesIn(path.join(this.folder, below))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await waitFor('the group to be empty', async () => {
      const all = [this.folder, ...groupsBelow(this.folder)]
      const pids = (await Promise.all(all.map(processesIn))).flat()
      for (const pid of pids) {
        sendSignal(pid, 'SIGKILL')
      }
      return pids.length === 0
    })
    await waitFor('the group to be removed', () => removeTree(this.folder))
  }
}

function createGroup(controllers: readonly string[]): string {
  if (root === null) {
    throw new Error('There is no cgroup v2 here.')
  }
  const folder = path.join(root, `test-of-drover-${process.pid}-${++count}`)
  if (controllers.length > 0) {
    writeFileSync(
      path.join(root, 'cgroup.subtree_control'),
      controllers.map((name) => `+${name}`).join(' '),
    )
  }
  mkdirSync(folder)
  return folder
}

function groupsBelow(folder: string): string[] {
  const below = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(folder, entry.name))
  return below.flatMap((each) => [each, ...groupsBelow(each)])
}

function removeTree(folder: string): boolean {
  try {
    for (const each of groupsBelow(folder).toReversed()) {
      rmdirSync(each)
    }
    rmdirSync(folder)
    return true
  } catch {
    return false
  }
}

function findRoot(): string | null {
  const mounts = parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'))
  return mounts.find((mount) => mount.root === '/')?.point ?? null
}

function tryGroup(controllers: readonly string[]): boolean {
  try {
    rmdirSync(createGroup(controllers))
    return true
  } catch {
    return false
  }
}
