import {
  findMarkedProcesses,
  isProcessAlive,
  sendSignal,
  type ProcessIdentity,
} from '../../src/util/process-identity.ts'
import { waitUntil } from '../../src/util/wait.ts'
import { countOtherTasks } from '../support/count-other-tasks.ts'
import { PausingRuntime } from '../support/pausing-runtime.ts'
import { describeRuntime } from './describe-runtime.ts'
import { greedyShellPrograms, shellPrograms } from './runtime-programs.ts'

// The runtime of the crash tests of suspended runs must be as good as those that are shipped.
describeRuntime(
  'of tests, that pauses processes',
  async () => ({
    createRuntime: () => new PausingRuntime({ spares: 0 }),
    programs: shellPrograms,
    countAloud: ['/bin/sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done'],
    limits: { programs: greedyShellPrograms, otherTasks: countOtherTasks },
    addedVariables: ['PWD', 'OLDPWD', 'SHLVL', '_'],
    impostors: (handle) => [{ ...handle, startTime: '1' }],
    vanish: async ({ id }, handle) => {
      const holder = handle as unknown as ProcessIdentity
      sendSignal(-holder.pid, 'SIGKILL')
      for (const { pid } of await findMarkedProcesses(`DROVER_RUN=${id}`)) {
        sendSignal(pid, 'SIGKILL')
      }
      await waitUntil(async () => !(await isProcessAlive(holder)), { deadlineMs: 30_000 })
    },
  }),
  { canBeUnknown: false, canSuspend: true },
)
