import { fileURLToPath } from 'node:url'

/** Holds a program at a terminal: the first process of its pane. */
export const terminalScript = fileURLToPath(new URL('terminal.sh', import.meta.url))

/** What tmux puts into the environment of a pane though nobody gave it. */
export const addedVariables = ['SHELL', 'TERM_PROGRAM', 'TERM_PROGRAM_VERSION']

/**
 * Takes what a terminal says into the run's `out`: from before tmux reads the pane's first byte, until
 * the last one is there. That it tells by the bell; see `terminal.sh`. On a full disk it loses what
 * it has in hand, and tries again with what comes then.
 */
export const takeOutput =
  '{ until cat >>out; do sleep 1; done; [ -p bell ] && echo z 1<>bell; } 2>/dev/null'
