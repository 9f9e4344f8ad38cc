import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import { writeWholeFile } from '../../util/private-file.ts'
import { callSystemd, type SystemdManager } from '../../util/systemd-manager.ts'
import { keepDollars, keepPercents, quoteWord } from '../../util/systemd-words.ts'
import type { Launch } from '../contract.ts'
import { limitedArgv } from '../limits/limited-argv.ts'
import { unitCommand, unitName, type Unit, type Units } from '../units.ts'
import { requirePlan, unitProperties } from './limits.ts'

/** How long its program may take to end by TERM, s. */
const graceS = 10

/** How long systemd may take to end a unit, ms: its grace, and then some. */
const changeMs = graceS * 1000 + 20_000

/** What `systemctl stop` exits with where there is no such unit. Source: systemctl(1), LSB. */
const noUnit = 5

/** Always-on agents as installed units, which the manager brings up with the machine or its user. */
export class SystemdUnits implements Units {
  readonly #manager: SystemdManager
  readonly #folder: string

  constructor(manager: SystemdManager, env: Readonly<Record<string, string | undefined>>) {
    this.#manager = manager
    const config = env['XDG_CONFIG_HOME'] || path.join(env['HOME'] || '/', '.config')
    this.#folder =
      manager.kind === 'system' ? '/etc/systemd/system' : path.join(config, 'systemd/user')
  }

  isInstalled(unit: Unit): boolean {
    return existsSync(this.#fileOf(unit))
  }

  async install(unit: Unit, signal: AbortSignal): Promise<void> {
    const { group } = await requirePlan(
      this.#manager,
      { limits: unit.limits, reservedBytes: 0 },
      signal,
    )
    const text = formatAgentUnit(unit, {
      properties: unitProperties(group),
      isSystem: this.#manager.kind === 'system',
    })
    const file = this.#fileOf(unit)
    const before = readIfThere(file)
    if (before !== text) {
      writeWholeFile(file, text, 0o644)
      await this.#change(unit, ['daemon-reload'], signal)
    }
    const name = path.basename(file)
    await this.#change(unit, ['enable', name], signal)
    const isAnew = before !== null && before !== text
    await this.#change(unit, [isAnew ? 'restart' : 'start', name], signal)
  }

  async uninstall(unit: Unit, signal: AbortSignal): Promise<void> {
    const file = this.#fileOf(unit)
    const name = path.basename(file)
    if (existsSync(file)) {
      await this.#change(unit, ['disable', name], signal)
    }
    await this.#change(unit, ['stop', name], signal, noUnit)
    await rm(file, { force: true })
    await this.#change(unit, ['daemon-reload'], signal)
    await callSystemd(this.#manager, ['systemctl', 'reset-failed', name], { signal })
  }

  async limitArgv(
    { argv, ...bounds }: Pick<Launch, 'argv' | 'limits' | 'reservedBytes'>,
    signal: AbortSignal,
  ): Promise<Launch['argv']> {
    const { dataBytes, processes } = await requirePlan(this.#manager, bounds, signal)
    return dataBytes === null && processes === null
      ? argv
      : limitedArgv(argv, { group: null, dataBytes, processes })
  }

  restartCommand(unit: Unit): string {
    const scope = this.#manager.kind === 'user' ? ' --user' : ''
    return `systemctl${scope} restart ${unitName(unit)}`
  }

  #fileOf(unit: Unit): string {
    return path.join(this.#folder, `${unitName(unit)}.service`)
  }

  /** Errors: `unit_failed`. */
  async #change(
    { agent }: Unit,
    words: readonly string[],
    signal: AbortSignal,
    fineCode = 0,
  ): Promise<void> {
    const { code, stderr } = await callSystemd(
      this.#manager,
      ['systemctl', '--no-ask-password', ...words],
      { signal, deadlineMs: changeMs },
    )
    if (code !== 0 && code !== fineCode) {
      throw new DroverError(
        'unit_failed',
        `The unit of ${agent.name}: \`systemctl ${words.join(' ')}\` failed: ${stderr || 'no answer in time'}`,
        { details: { agent: agent.name } },
      )
    }
  }
}

/** The unit of an agent. Source: systemd.service(5), systemd.unit(5). */
export function formatAgentUnit(
  unit: Unit,
  { properties, isSystem }: { properties: readonly string[]; isSystem: boolean },
): string {
  const command = unitCommand(unit).map((word) => quoteWord(keepPercents(keepDollars(word))))
  return [
    '[Unit]',
    `Description=Drover agent ${unit.agent.name}`,
    // However often it ends, it is begun again.
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    `ExecStart=${command.join(' ')}`,
    'Restart=always',
    'RestartSec=2',
    'IgnoreSIGPIPE=no',
    'KillMode=control-group',
    `TimeoutStopSec=${graceS}`,
    'StandardInput=null',
    'StandardOutput=null',
    'StandardError=null',
    ...properties,
    '',
    '[Install]',
    `WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n')
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
