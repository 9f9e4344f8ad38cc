import type { Random } from './random.ts'

/** Which agent program: a script that keeps an account of its own, or Drover's own `chat`. */
export type Kind = 'command' | 'chat'

/** What a message makes its agent do. The word stands in the body, so the seed decides it. */
export interface Word {
  name: string
  weight: number
  /** After it the program lives and takes nothing more, until somebody ends it. */
  isStuck?: boolean
  /** The body; its first word is the key by which the agent's own account knows it. */
  body(key: string, random: Random): string
}

const plain = (name: string, weight: number, rest: Partial<Word> = {}): Word => ({
  name,
  weight,
  body: (key) => `${key} ${name}`,
  ...rest,
})

/** As `test/fixtures/chaos-agent.sh` understands them. */
const commandWords: readonly Word[] = [
  plain('answer', 40),
  plain('slow', 10, { body: (key, random) => `${key} slow 0.${random.int(1, 6)}` }),
  plain('mumble', 4),
  plain('much', 4, { body: (key, random) => `${key} much ${random.int(100, 2000)}` }),
  plain('long', 4, {
    body: (key, random) => `${key} long ${'x'.repeat(random.int(2000, 80_000))}`,
  }),
  plain('leave', 5),
  plain('fail', 5),
  plain('die', 6),
  plain('deaf', 3),
  plain('child', 4),
  plain('hang', 3, { isStuck: true }),
  plain('freeze', 1, { isStuck: true }),
]

const scripted = (name: string, weight: number, script: string, isStuck = false): Word => ({
  name,
  weight,
  isStuck,
  body: (key) => `${key} ${name} ${script}`,
})

/** To the program that runs the command; where that is gone meanwhile, its parent is somebody else's. */
const toProgram = (signal: string): string =>
  `[[bash:grep -qz ^DROVER_RUN= /proc/$PPID/environ && kill -${signal} $PPID]]`

/** Directives of the scripted model; its shell tool runs as a child of the agent's program. */
const chatWords: readonly Word[] = [
  { name: 'answer', weight: 40, body: (key) => `${key} answer [[say:took ${key}]]` },
  scripted('slow', 8, '[[slow:3]]'),
  scripted('tool', 6, '[[bash:echo done]]'),
  scripted('fail', 5, '[[fail:400]]'),
  scripted('die', 5, toProgram('KILL')),
  scripted('leave', 4, toProgram('TERM')),
  scripted('child', 3, '[[bash:setsid sleep 600 </dev/null >/dev/null 2>&1 & echo left]]'),
  scripted('hang', 3, '[[slow:100000]]', true),
  scripted('freeze', 1, toProgram('STOP'), true),
]

export const words: Readonly<Record<Kind, readonly Word[]>> = {
  command: commandWords,
  chat: chatWords,
}

export function isStuckBy(kind: Kind, word: string): boolean {
  return words[kind].some(({ name, isStuck }) => name === word && isStuck)
}
