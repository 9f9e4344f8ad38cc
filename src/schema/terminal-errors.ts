import type { ErrorRow } from './error-row.ts'

/** What can go wrong at terminals, with guests, and with units of the machine's own supervisor. */
export const terminalErrors = {
  agent_awake: {
    status: 409,
    exit: 4,
    retryable: true,
    hint: '`drover sleep NAME --full` ends its run and keeps its session; then it can wake in another runtime.',
  },
  no_terminal: {
    status: 409,
    exit: 4,
    retryable: false,
    hint: '`drover attach NAME` talks to it; `drover wake NAME --in tmux` gives it a terminal, once it sleeps.',
  },
  supervised: {
    status: 409,
    exit: 4,
    retryable: false,
    hint: 'The command in the message does it; `drover rm NAME` takes it back from its supervisor.',
  },
  unit_failed: {
    status: 500,
    exit: 1,
    retryable: true,
    hint: '`drover doctor` says whether its supervisor can be asked.',
  },
  terminal_gone: {
    status: 409,
    exit: 4,
    retryable: true,
    hint: '`drover why NAME` says what became of it; `drover attach NAME` wakes it again.',
  },
  guest_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: '`drover shell --list` lists every guest; one that has ended is there no more.',
  },
  too_many_guests: {
    status: 429,
    exit: 4,
    retryable: true,
    hint: 'End one that is not needed any more; `drover shell --list` lists them.',
  },
} as const satisfies Record<string, ErrorRow>
