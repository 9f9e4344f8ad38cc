import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../src/util/find-program.ts'
import { root } from '../places.ts'
import { startTypist } from '../pty-typist.ts'
import type { Finding, Row } from '../row.ts'
import { formatMs, formatRatio, interleave, median, percentile } from '../statistics.ts'

const rounds = 20
const keysOfRound = 50
/** The words about the key that leaves are gone by then, ms. */
const settleMs = 2000

const echo: [string, ...string[]] = ['/bin/sh', '-c', 'stty raw -echo; exec cat']

/** Keys typed at an agent's terminal by `drover attach`, beside `tmux attach`, each under a pty. */
export const terminalAttachRow: Row = {
  name: 'terminal-attach',
  async measure(scratch): Promise<Finding[] | string> {
    const [tmux, python] = [find('tmux'), find('python3')]
    if (!tmux || !python) {
      return 'it needs tmux and python3'
    }
    const base = [tmux, '-S', scratch.file('tmux'), '-f', '/dev/null', '-u'] as const
    const size = ['-x', '80', '-y', '24']
    const daemon = await scratch.startDaemon()
    await daemon.client.run(
      { template: 'command', name: 'echo', runtime: 'tmux', program: echo },
      { waitSeconds: 30 },
    )
    await scratch.run([...base, 'new-session', '-d', '-s', 'echo', ...size, ...echo])
    try {
      const bare = startTypist(scratch, python, [...base, 'attach-session', '-t', '=echo'])
      const call = [path.join(root, 'bin/drover'), 'attach', 'echo']
      const attached = startTypist(scratch, python, call, daemon.env)
      await sleep(settleMs)
      await Promise.all([bare(keysOfRound), attached(keysOfRound)])
      const samples = { bare: [] as number[], attached: [] as number[] }
      await interleave(
        rounds,
        async () => void samples.bare.push(...(await bare(keysOfRound))),
        async () => void samples.attached.push(...(await attached(keysOfRound))),
      )
      return [finding(samples)]
    } finally {
      await scratch.run([...base, 'kill-server'])
    }
  },
}

function finding(samples: Record<'bare' | 'attached', number[]>): Finding {
  const [attached, bare] = [median(samples.attached), median(samples.bare)]
  return {
    what: 'terminal: key → echo through drover attach, p50',
    measured: formatMs(attached),
    floor: `${formatMs(bare)} (tmux attach under a pty)`,
    ratio: formatRatio(attached / bare),
    goal: '≤ 3×',
    isMet: attached / bare <= 3,
    figures: {
      attachKeyP50Ms: attached,
      attachKeyP99Ms: percentile(samples.attached, 0.99),
      bareKeyP50Ms: bare,
      bareKeyP99Ms: percentile(samples.bare, 0.99),
    },
  }
}

const find = (name: string): string | null =>
  findProgram(name, { searchPath: process.env['PATH'] ?? '', folder: '/' })
