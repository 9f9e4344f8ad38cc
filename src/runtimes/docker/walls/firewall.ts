import { callProgram, type CallResult } from '../../../util/call-program.ts'
import { findProgram } from '../../../util/find-program.ts'
import { noRules, wallRules, type WallRules } from './wall-rules.ts'

/** How long nft may take, ms. */
const callMs = 10_000

/** A subnet that nobody has, to try rules with. */
const noSubnet = '192.0.2.0/24'

/** This machine's nftables, as far as our own tables go. Every call is one program, all or nothing. */
export class Firewall {
  readonly #env: Readonly<Record<string, string | undefined>>
  /** Whether the kernel can tell in a rule which bridge a frame is on; null: not known yet. */
  #knowsBridges: boolean | null = null

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  /** The program, also where only root usually looks for it; null: there is none. */
  get program(): string | null {
    const searchPath = `${this.#env['PATH'] ?? ''}:/usr/sbin:/sbin`
    return findProgram('nft', { searchPath, folder: '/' })
  }

  /** Why rules can't be set here, a clause for people; null: they can. Changes nothing. */
  async problem(rules: Omit<WallRules, 'subnet'>, signal: AbortSignal): Promise<string | null> {
    return await this.#write(['-c'], { ...rules, subnet: noSubnet }, signal)
  }

  /** Sets them, anew where they are there. Resolves with why that failed; null: they are set. */
  async set(rules: WallRules & { subnet: string }, signal: AbortSignal): Promise<string | null> {
    return await this.#write([], rules, signal)
  }

  /** What can't be removed is no harm: it concerns a bridge that is gone. */
  async remove(table: string, signal: AbortSignal): Promise<void> {
    await this.#call([], noRules(table), signal)
  }

  async #write(
    args: readonly string[],
    rules: WallRules & { subnet: string },
    signal: AbortSignal,
  ): Promise<string | null> {
    const isPlain = this.#knowsBridges !== false
    const first = await this.#call(
      args,
      wallRules(isPlain ? { ...rules, subnet: null } : rules),
      signal,
    )
    if (first?.code === 0) {
      return null
    }
    if (!first || !isPlain || !/not supported/i.test(first.stderr)) {
      return first ? firstLine(first) : 'the program nft (nftables) is not there'
    }
    const second = await this.#call(args, wallRules(rules), signal)
    this.#knowsBridges = second?.code === 0 ? false : null
    return second?.code === 0 ? null : firstLine(second ?? first)
  }

  async #call(
    args: readonly string[],
    input: string,
    signal: AbortSignal,
  ): Promise<CallResult | null> {
    const { program } = this
    const argv = [...args, '-f', '-']
    return program === null
      ? null
      : await callProgram([program, ...argv], {
          env: { PATH: this.#env['PATH'], LC_ALL: 'C' },
          input,
          deadlineMs: callMs,
          signal,
        })
  }
}

function firstLine({ stderr, code }: CallResult): string {
  const [line = ''] = stderr.split('\n')
  return `nft says ${JSON.stringify(line.slice(0, 200) || `exit ${code}`)}`
}
