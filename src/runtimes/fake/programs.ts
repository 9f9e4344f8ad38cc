/** What a program of the FakeMachine can do. */
export interface ProgramContext {
  /** Arguments after the program's name. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly say: (text: string | Buffer) => void
  readonly sayError: (text: string) => void
  readonly exit: (code: number) => void
  /** Ends by a signal of its own making. */
  readonly die: (signal: NodeJS.Signals) => void
  /** Another process of the same run, which outlives this one. */
  readonly fork: (argv: readonly string[]) => void
}

/** A program that acts at once on what reaches it, and never else. */
export interface Program {
  begin?(context: ProgramContext): void
  /** Bytes of its input, as they come. */
  input?(bytes: Buffer, context: ProgramContext): void
  /** No more input; left out: it exits with 0. */
  inputEnd?(context: ProgramContext): void
  /** TERM does not end it. */
  ignoresTerm?: boolean
}

const none = (): void => undefined

/**
 * Programs by name, the last part of argv[0]. Those with the name of a system program do what that
 * does, so that a launch which was checked against the real machine runs here too; `env NAME ARG…`
 * runs any of the others.
 */
export const fakePrograms: Readonly<Record<string, () => Program>> = {
  true: () => ({ begin: ({ exit }) => exit(0) }),
  false: () => ({ begin: ({ exit }) => exit(1) }),
  echo: () => ({
    begin({ args, say, exit }) {
      say(`${args.join(' ')}\n`)
      exit(0)
    },
  }),
  pwd: () => ({
    begin({ cwd, say, exit }) {
      say(`${cwd}\n`)
      exit(0)
    },
  }),
  /** Gives its input back until it ends. */
  cat: () => ({ input: (bytes, { say }) => say(bytes) }),
  /** Says nothing and lives until it is told to end. */
  sleep: () => ({ inputEnd: none }),
  /** `exit CODE` */
  exit: () => ({ begin: ({ args, exit }) => exit(Number(args[0] ?? 0)) }),
  /** `die SIGNAL` */
  die: () => ({ begin: ({ args, die }) => die((args[0] ?? 'SIGKILL') as NodeJS.Signals) }),
  /** Its arguments, each with a NUL behind it. */
  arguments: () => ({
    begin({ args, say, exit }) {
      say(args.map((arg) => `${arg}\0`).join(''))
      exit(0)
    },
  }),
  /** Its environment, each entry with a NUL behind it. */
  environment: () => ({
    begin({ env, say, exit }) {
      say(
        Object.entries(env)
          .map(([name, value]) => `${name}=${value}\0`)
          .join(''),
      )
      exit(0)
    },
  }),
  /** Answers each line of input with `reply: LINE`. */
  reply: createReply,
  /** `burst COUNT LENGTH`: so many lines at once, then `cat`. */
  burst: () => ({
    begin: ({ args, say }) =>
      say(`${'x'.repeat(Number(args[1] ?? 80))}\n`.repeat(Number(args[0] ?? 1000))),
    input: (bytes, { say }) => say(bytes),
  }),
  /** `cry TEXT`: to its standard error, then exits with 1. */
  cry: () => ({
    begin({ args, sayError, exit }) {
      sayError(`${args.join(' ')}\n`)
      exit(1)
    },
  }),
  /** Neither the end of its input nor TERM ends it. */
  stubborn: () => ({ begin: ({ say }) => say('ready\n'), inputEnd: none, ignoresTerm: true }),
  /** Says one thing, then lives until a line comes. */
  mute: () => ({ begin: ({ say }) => say('ready\n'), input: (_bytes, { exit }) => exit(0) }),
  /** Leaves a child behind and exits. */
  parent: () => ({
    begin({ fork, say, exit }) {
      fork(['stubborn-child'])
      say('ready\n')
      exit(0)
    },
  }),
  /** Has a child that TERM does not end. */
  family: () => ({
    begin({ fork, say }) {
      fork(['stubborn-child'])
      say('ready\n')
    },
  }),
  'stubborn-child': () => ({ inputEnd: none, ignoresTerm: true }),
}

function createReply(): Program {
  let rest = ''
  return {
    input(bytes, { say }) {
      const lines = (rest + bytes.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        say(Buffer.from(`reply: ${line}\n`, 'latin1'))
      }
    },
  }
}
