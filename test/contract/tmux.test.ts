import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { TmuxRuntime } from '../../src/runtimes/tmux/index.ts'
import { findMarkedProcesses, isProcessAlive, sendSignal } from '../../src/util/process-identity.ts'
import { waitUntil } from '../../src/util/wait.ts'
import { describeRuntime } from './describe-runtime.ts'
import { shellPrograms } from './runtime-programs.ts'

const deadlineMs = 30_000

describeRuntime(
  'tmux',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'drover-tmux-'))
    return {
      createRuntime: () => new TmuxRuntime({ socket: path.join(folder, 'tmux.sock') }),
      programs: shellPrograms,
      addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_'],
      impostors: (handle) => [
        { ...handle, startTime: '1' },
        { ...handle, bootId: '00000000-0000-4000-8000-000000000000' },
        { ...handle, pid: 1 },
      ],
      vanish: async ({ id }, handle) => {
        const holder = handle as unknown as { pid: number; startTime: string; bootId: string }
        for (const { pid } of await findMarkedProcesses(`DROVER_RUN=${id}`)) {
          sendSignal(pid, 'SIGKILL')
        }
        await waitUntil(async () => !(await isProcessAlive(holder)), { deadlineMs })
      },
      close: async () => rmSync(folder, { recursive: true, force: true }),
    }
  },
  { canBeUnknown: false },
)
