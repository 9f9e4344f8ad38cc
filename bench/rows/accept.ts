import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import { program } from '../places.ts'
import type { Finding, Row } from '../row.ts'
import type { Scratch } from '../scratch.ts'
import { formatRatio, interleave, median } from '../statistics.ts'

const agents = 16
const senders = 64
const rounds = 5
const messages = 4000
const pauseMs = 200

/** How many messages a second are on disk and answered, for agents that are busy and take none of them. */
export const acceptRow: Row = {
  name: 'accept',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await startWithMuteClaude(scratch)
    const names = Array.from({ length: agents }, (_, number) => `busy-${number}`)
    for (const name of names) {
      await daemon.client.run({ template: 'claude', name }, { waitSeconds: 30 })
      await daemon.client.send(name, { body: 'a turn without an end' })
    }
    await send(scratch, daemon, names)
    const commits: number[] = []
    const accepted: number[] = []
    await interleave(
      rounds,
      async () => await sleep(pauseMs),
      async (round) => {
        const database = scratch.file(`commits-${round}.db`)
        const argv = [process.execPath, program('commit-rows'), database, String(messages)] as const
        commits.push(Number(await scratch.run([...argv])))
      },
      async () => await sleep(pauseMs),
      async () => void accepted.push(await send(scratch, daemon, names)),
    )
    const ratio = median(accepted) / median(commits)
    return [
      {
        what: `messages accepted, durable, ${senders} senders`,
        measured: formatPerSecond(median(accepted)),
        floor: `${formatPerSecond(median(commits))} (SQLite commits, one row each)`,
        ratio: formatRatio(ratio),
        goal: '≥ 0.5×',
        isMet: ratio >= 0.5,
        figures: { acceptedPerSecond: median(accepted), commitsPerSecond: median(commits) },
      },
    ]
  },
}

/** Claude Code is a program with turns; this one takes what it is told and never says a word. */
async function startWithMuteClaude(scratch: Scratch): Promise<BenchDaemon> {
  const mute = scratch.file('mute')
  writeFileSync(mute, '#!/bin/sh\nexec cat >/dev/null\n', { mode: 0o755 })
  return await scratch.startDaemon({ config: `providers:\n  claude:\n    path: ${mute}\n` })
}

async function send(
  scratch: Scratch,
  { status }: BenchDaemon,
  names: readonly string[],
): Promise<number> {
  const counts = [String(messages), String(senders)]
  const argv = [program('send-messages'), status.socket, ...counts]
  return Number(await scratch.run([process.execPath, ...argv, ...names]))
}

const formatPerSecond = (count: number): string => `${Math.round(count)}/s`
