/** An argv, as a launch has it. */
export type Argv = readonly [string, ...string[]]

/** The programs that the conformance suite of runtimes has run; each says nothing but what is told here. */
export interface RuntimePrograms {
  /** Gives its input back; exits with 0 when it ends. */
  copy: Argv
  /** Exits with this code. */
  exit(code: number): Argv
  /** Dies by this signal, of its own hand. */
  die(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSEGV'): Argv
  /** Prints its arguments, a NUL behind each. */
  printArguments(args: readonly string[]): Argv
  /** Prints its environment, a NUL behind each entry. */
  printEnvironment: Argv
  /** Prints the folder it runs in. */
  printFolder: Argv
  /** Prints `bad` to its standard error and exits with 1. */
  complain: Argv
  /** Prints `ready`; neither TERM nor the end of its input ends it. */
  stubborn: Argv
  /** Prints `ready`, closes its standard output and error, lives until its input ends. */
  mute: Argv
  /** Prints `ready`, leaves a child behind and exits with 0. */
  parent: Argv
  /** Prints `ready`; has a child in a session of its own that TERM does not end. */
  family: Argv
  /** There is no such program. */
  missing: Argv
}

const script = (text: string, ...args: string[]): Argv => ['/bin/sh', '-c', text, 'sh', ...args]

/** Programs that ask for more than they may have. */
export interface GreedyPrograms {
  /** Prints `ready` once it has had so much memory at one time; then lives until its input ends. */
  allocate(bytes: number): Argv
  /** Prints `ready` once it has so many children; then lives until its input ends. */
  multiply(count: number): Argv
}

/** For every runtime that has a POSIX system to offer. */
export const shellPrograms: RuntimePrograms = {
  copy: ['/bin/cat'],
  exit: (code) => script('exit "$1"', String(code)),
  die: (signal) => script('kill -s "$1" $$; sleep 60', signal.slice(3)),
  printArguments: (args) => script(`[ $# = 0 ] || printf '%s\\0' "$@"`, ...args),
  printEnvironment: ['/usr/bin/env', '-0'],
  printFolder: ['/bin/pwd'],
  complain: script('echo bad >&2; exit 1'),
  stubborn: script(`trap '' TERM; echo ready; while :; do sleep 1000; done`),
  mute: script('echo ready; exec >&- 2>&-; read -r line'),
  parent: script(`sleep 1000 & echo ready; exit 0`),
  family: script(
    `setsid sh -c 'trap "" TERM; echo ready; while :; do sleep 1000; done' & read -r line; sleep 1000`,
  ),
  missing: ['/no/such/program'],
}

export const greedyShellPrograms: GreedyPrograms = {
  allocate: (bytes) =>
    script(
      'dd if=/dev/zero of=/dev/null bs="$1" count=1 2>/dev/null || exit 1; echo ready; exec cat',
      String(bytes),
    ),
  multiply: (count) =>
    script(
      'i=0; while [ "$i" -lt "$1" ]; do sleep 1000 & i=$((i + 1)); done; echo ready; exec cat',
      String(count),
    ),
}
