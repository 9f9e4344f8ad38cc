import { keepDollars, keepPercents, quoteWord } from '../../util/systemd-words.ts'

export interface DaemonUnit {
  /** Program and arguments of the daemon. */
  argv: readonly [string, ...string[]]
  /** What it needs to find its home, and agents their programs. Nothing secret: units can be read by all. */
  env: Readonly<Record<string, string>>
  isSystem: boolean
  /** Of the systemd that is to read it. */
  version: number
}

/** The first version that can start a service in a group below its own. */
const subgroupVersion = 254

/**
 * The unit of the daemon. Agents outlive it (`KillMode=process`), also those that are processes of
 * its own group; what one of these does to the memory is no reason to end the daemon.
 */
export function formatDaemonUnit({ argv, env, isSystem, version }: DaemonUnit): string {
  // systemd itself starts no program whose path has quotes or dollars in it.
  const command = ['/bin/sh', '-c', 'exec "$0" "$@"', ...argv].map(formatArgument).join(' ')
  const subgroup = version >= subgroupVersion ? ['DelegateSubgroup=drover-daemon'] : []
  return [
    '# Made by `drover service install`, which writes it anew. What you add goes into a file of your own:',
    `# \`systemctl${isSystem ? '' : ' --user'} edit\` makes it.`,
    '[Unit]',
    'Description=Drover, the control plane for AI agents',
    ...(isSystem ? ['After=network.target'] : []),
    'StartLimitIntervalSec=300',
    'StartLimitBurst=10',
    '',
    '[Service]',
    'Type=notify',
    'NotifyAccess=all',
    `ExecStart=${command}`,
    ...Object.entries(env).map(
      ([name, value]) => `Environment=${quoteWord(keepPercents(`${name}=${value}`))}`,
    ),
    'Restart=on-failure',
    'RestartSec=2',
    'WatchdogSec=60',
    'TimeoutStartSec=300',
    'TimeoutStopSec=60',
    'KillMode=process',
    'OOMPolicy=continue',
    'Delegate=yes',
    ...subgroup,
    'CPUAccounting=yes',
    'MemoryAccounting=yes',
    'TasksAccounting=yes',
    'IOAccounting=yes',
    'TasksMax=infinity',
    '',
    '[Install]',
    `WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n')
}

function formatArgument(argument: string): string {
  return quoteWord(keepPercents(keepDollars(argument)))
}
