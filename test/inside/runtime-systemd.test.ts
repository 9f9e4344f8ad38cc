import { rename } from 'node:fs/promises'
import { SystemdRuntime } from '../../src/runtimes/systemd/index.ts'
import { findManager, isUnitThere } from '../../src/runtimes/systemd/manager.ts'
import { sendSignal } from '../../src/util/process-identity.ts'
import { countUserTasks } from '../../src/runtimes/limits/count-user-tasks.ts'
import type { Handle, RunReference } from '../../src/runtimes/contract.ts'
import { describeRuntime } from '../contract/describe-runtime.ts'
import { greedyShellPrograms, shellPrograms } from '../contract/runtime-programs.ts'
import { waitFor } from '../support/wait-for.ts'
import { findUnitProcesses } from '../../src/runtimes/systemd/stop.ts'

const manager = findManager(process.env, process.getuid?.() ?? 0)

/** KILL to all of a run's unit at once; what would record that does not find the run's folder. */
async function vanish(run: RunReference, handle: Handle): Promise<void> {
  const away = `${run.folder}.away`
  const pids = findUnitProcesses(run)
  await rename(run.folder, away)
  for (const name of ['SIGSTOP', 'SIGKILL'] as const) {
    pids.forEach((pid) => sendSignal(pid, name))
  }
  await waitFor('the unit to be forgotten', () => !isUnitThere(manager, String(handle['unit'])))
  await rename(away, run.folder)
}

describeRuntime(
  `systemd, ${manager.kind} manager`,
  async () => ({
    createRuntime: () => new SystemdRuntime(),
    programs: shellPrograms,
    addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_'],
    impostors: (handle) => [
      { ...handle, startTime: '1' },
      { ...handle, bootId: '00000000-0000-4000-8000-000000000000' },
      { ...handle, pid: 1 },
    ],
    vanish,
    isEndingChildren: true,
    limits: {
      programs: greedyShellPrograms,
      otherTasks: async () => (manager.kind === 'system' ? 0 : ((await countUserTasks()) ?? 0)),
    },
  }),
  { canBeUnknown: false },
)
