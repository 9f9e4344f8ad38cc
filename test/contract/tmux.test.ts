import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { TmuxRuntime } from '../../src/runtimes/tmux/index.ts'
import {
  findMarkedProcesses,
  identifyProcess,
  isProcessAlive,
  sendSignal,
  type ProcessIdentity,
} from '../../src/util/process-identity.ts'
import { waitUntil } from '../../src/util/wait.ts'
import { describeRuntime } from './describe-runtime.ts'
import { describeTerminal } from './describe-terminal.ts'
import { countOtherTasks } from '../support/count-other-tasks.ts'
import { greedyShellPrograms, shellPrograms } from './runtime-programs.ts'
import type { TerminalCase } from './terminal-stage.ts'

const deadlineMs = 30_000

/** A runtime on a server of its own, and what can be done to that. */
async function prepare(): Promise<TerminalCase> {
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-tmux-'))
  const socket = path.join(folder, 'tmux.sock')
  const serverPid = (): number =>
    Number(execFileSync('tmux', ['-S', socket, 'display-message', '-p', '#{pid}']).toString())
  return {
    createRuntime: () => new TmuxRuntime({ socket }),
    programs: shellPrograms,
    limits: { programs: greedyShellPrograms, otherTasks: countOtherTasks },
    addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_'],
    impostors: (handle) => [
      { ...handle, startTime: '1' },
      { ...handle, bootId: '00000000-0000-4000-8000-000000000000' },
      { ...handle, pid: 1 },
    ],
    vanish: async ({ id }, handle) => {
      const holder = handle as unknown as ProcessIdentity
      for (const { pid } of await findMarkedProcesses(`DROVER_RUN=${id}`)) {
        sendSignal(pid, 'SIGKILL')
      }
      await waitUntil(async () => !(await isProcessAlive(holder)), { deadlineMs })
    },
    makeUnknown: () => {
      const pid = serverPid()
      sendSignal(pid, 'SIGSTOP')
      return () => sendSignal(pid, 'SIGCONT')
    },
    breakTerminals: async () => {
      const server = await identifyProcess(serverPid())
      sendSignal(server?.pid ?? 0, 'SIGKILL')
      await waitUntil(async () => !(server && (await isProcessAlive(server))), { deadlineMs })
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

// A program with pipes needs no tmux, so it can always be asked for.
describeRuntime('tmux', prepare, { canBeUnknown: false })
describeTerminal('tmux', prepare)
