import type { Commands } from './control-client.ts'

/** Lines that scrolled away and can be seen again. */
const historyLines = 2000

/** How a server is to be: nothing of anybody's reaches a pane, and nothing but the program has keys. */
export function serverSettings(): Commands {
  const set = (...words: string[]): string[] => ['set-option', '-g', ...words]
  return [
    // Commands hold values of environments.
    ['set-option', '-s', 'message-limit', '0'],
    ['set-option', '-s', 'escape-time', '0'],
    ['set-option', '-s', 'set-clipboard', 'off'],
    ['set-option', '-s', 'focus-events', 'off'],
    set('status', 'off'),
    set('prefix', 'None'),
    set('prefix2', 'None'),
    set('mouse', 'off'),
    set('history-limit', String(historyLines)),
    set('window-size', 'smallest'),
    set('update-environment', ''),
    set('automatic-rename', 'off'),
  ]
}
