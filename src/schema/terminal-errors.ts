import type { ErrorRow } from './error-row.ts'

/** What can go wrong at terminals, with guests, and with units of the machine's own supervisor. */
export const terminalErrors = {
  agent_awake: {
    status: 409,
    exit: 4,
    retryable: true,
    hint: '`drover sleep NAME` ends its run and keeps its session; then it can wake in another runtime.',
  },
  no_terminal: {
    status: 409,
    exit: 4,
    retryable: false,
    hint: '`drover attach NAME` talks to it; `drover wake NAME --in tmux` gives it a terminal, once it sleeps.',
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
