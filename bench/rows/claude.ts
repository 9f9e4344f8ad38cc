import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { BenchDaemon } from '../bench-daemon.ts'
import type { Finding, Row } from '../row.ts'
import { built, program } from '../places.ts'
import type { Scratch } from '../scratch.ts'
import { formatMs, formatRatio, interleave, median } from '../statistics.ts'

const starts = 11
const turns = 40
const warmUp = 2
const prompt = 'say something short'

/** The real Claude Code against a scripted model: through Drover, and bare with the same flags. */
export const claudeRow: Row = {
  name: 'claude',
  async measure(scratch): Promise<Finding[] | string> {
    const claude = process.env['DROVER_BENCH_CLAUDE']
    if (!claude || !isExecutable(claude)) {
      return 'set DROVER_BENCH_CLAUDE to the path of Claude Code'
    }
    const url = await startModel(scratch)
    const setting: Setting = { claude, url, configDir: scratch.file('claude-config') }
    mkdirSync(setting.configDir)
    const daemon = await scratch.startDaemon({
      config: `providers:\n  claude:\n    path: ${claude}\ngateway:\n  upstreams:\n    anthropic:\n      url: ${url}\n`,
    })
    const events = followTexts(daemon)
    const samples = {
      bare: [] as number[],
      started: [] as number[],
      bareTurn: [] as number[],
      turn: [] as number[],
    }
    const bareTurns = startBare(scratch, setting, 'bare-turns')
    await bareTurns.turn()
    await startAgent(daemon, setting, 'turns')
    await events.turnEnd('turns')
    await interleave(
      turns,
      async (round) => {
        const begun = performance.now()
        await bareTurns.turn()
        keep(samples.bareTurn, round, performance.now() - begun)
      },
      async (round) => {
        const ended = events.turnEnd('turns')
        const begun = performance.now()
        await Promise.all([daemon.client.send('turns', { body: prompt }), ended])
        keep(samples.turn, round, performance.now() - begun)
      },
    )
    bareTurns.end()
    await daemon.client.sleep('turns', { waitSeconds: 10 })
    await interleave(
      starts,
      async (round) => {
        const begun = performance.now()
        const bare = startBare(scratch, setting, `bare-${round}`)
        await bare.firstText(prompt)
        keep(samples.bare, round, performance.now() - begun)
        bare.end()
        await bare.ended
      },
      async (round) => {
        const name = `start-${round}`
        const text = events.firstText(name)
        const ended = events.turnEnd(name)
        const begun = performance.now()
        await Promise.all([startAgent(daemon, setting, name), text])
        keep(samples.started, round, performance.now() - begun)
        await ended
        await daemon.client.sleep(name, { waitSeconds: 10 })
      },
    )
    events.close()
    const [started, bare, turn, bareTurn] = [
      median(samples.started),
      median(samples.bare),
      median(samples.turn),
      median(samples.bareTurn),
    ]
    return [
      {
        what: 'claude: start → first text',
        measured: formatMs(started),
        floor: `${formatMs(bare)} (bare, stream-json)`,
        ratio: formatRatio(started / bare),
        goal: '≤ 1.05×',
        isMet: started / bare <= 1.05,
        figures: { startMs: started, bareStartMs: bare },
      },
      {
        what: 'claude: a turn of a live session',
        measured: formatMs(turn),
        floor: `${formatMs(bareTurn)} (bare, stream-json)`,
        ratio: `+${formatMs(turn - bareTurn)}`,
        goal: '≤ floor + 5 ms',
        isMet: turn - bareTurn <= 5,
        figures: { turnMs: turn, bareTurnMs: bareTurn },
      },
    ]
  },
}

interface Setting {
  claude: string
  url: string
  configDir: string
}

function keep(samples: number[], round: number, ms: number): void {
  if (round >= warmUp) {
    samples.push(ms)
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function startModel(scratch: Scratch): Promise<string> {
  const child = scratch.spawn([process.execPath, program('model'), built('testing/index.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (!child.stdout) {
    throw new Error('The model server has no output.')
  }
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return said.toString().trim()
}

async function startAgent(
  daemon: BenchDaemon,
  { configDir }: Setting,
  name: string,
): Promise<void> {
  await daemon.client.run({ template: 'claude', name, prompt, options: { configDir } })
}

/** The same program with the flags and the environment that Drover gives it. */
function startBare(scratch: Scratch, { claude, url, configDir }: Setting, name: string): Bare {
  const cwd = scratch.file(name)
  mkdirSync(cwd)
  const flags = [
    '--print',
    '--verbose',
    '--input-format',
    'stream-json',
    '--output-format',
    'stream-json',
    '--include-partial-messages',
  ]
  const { PATH, HOME, USER, LANG } = process.env
  const child = scratch.spawn([claude, ...flags, '--session-id', randomUUID()], {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH,
      HOME,
      USER,
      LANG,
      DISABLE_AUTOUPDATER: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_ERROR_REPORTING: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CONFIG_DIR: configDir,
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: 'drover-no-key',
    },
  })
  return bareSession(child)
}

interface Bare {
  /** Resolves with the first piece of the answer. */
  firstText(body: string): Promise<void>
  turn(): Promise<void>
  end(): void
  ended: Promise<unknown>
}

function bareSession(child: ChildProcess): Bare {
  const { stdin, stdout } = child
  if (!stdin || !stdout) {
    throw new Error('The bare program has no pipes.')
  }
  let awaited: { matches: (line: string) => boolean; resolve: () => void } | null = null
  createInterface({ input: stdout }).on('line', (line) => {
    if (awaited?.matches(line)) {
      awaited.resolve()
      awaited = null
    }
  })
  const ask = async (body: string, matches: (line: string) => boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    awaited = { matches, resolve }
    const message = { role: 'user', content: [{ type: 'text', text: body }] }
    stdin.write(
      `${JSON.stringify({ type: 'user', message, parent_tool_use_id: null, session_id: '', uuid: randomUUID() })}\n`,
    )
    await promise
  }
  return {
    firstText: async (body) => await ask(body, (line) => line.includes('"text_delta"')),
    turn: async () => await ask(prompt, (line) => line.includes('"type":"result"')),
    end: () => stdin.end(),
    ended: once(child, 'exit'),
  }
}

interface Texts {
  firstText(agent: string): Promise<void>
  turnEnd(agent: string): Promise<void>
  close(): void
}

/** The client's one event stream, asked for the next event of a kind. */
function followTexts(daemon: BenchDaemon): Texts {
  const ending = new AbortController()
  const waiting = new Map<string, () => void>()
  const reading = (async () => {
    for await (const { type, agent } of daemon.client.events({ signal: ending.signal })) {
      const key = `${type} ${agent}`
      waiting.get(key)?.()
      waiting.delete(key)
    }
  })().catch(() => undefined)
  const next = async (key: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.set(key, resolve)
    await promise
  }
  return {
    firstText: async (agent) => await next(`text ${agent}`),
    turnEnd: async (agent) => await next(`turn.ended ${agent}`),
    close() {
      ending.abort(new Error('over'))
      void reading
    },
  }
}
