import { DroverError } from '../../schema/error.ts'

/** The key that leaves a terminal, with Ctrl. */
export interface DetachKey {
  /** For people: `Ctrl-]`. */
  label: string
  /** What a terminal sends for it. */
  byte: number
  /** Character of the key itself, as newer ways of telling keys have it. */
  code: number
}

/** Needed by every program: Escape, Enter, Tab. */
const needed = new Set(['[', 'm', 'i', 'j'])

/** The value of `--detach-key`: `ctrl-]`, `^]` or `none`, to null. Errors: `usage`. */
export function parseDetachKey(text = 'ctrl-]'): DetachKey | null {
  if (text.toLowerCase() === 'none') {
    return null
  }
  const [, given = ''] = /^(?:ctrl-|c-|\^)([a-z@[\]\\^_])$/i.exec(text) ?? []
  const key = given.toLowerCase()
  if (key === '' || needed.has(key)) {
    const problem = key === '' ? 'is no key' : 'is a key that programs need'
    throw new DroverError(
      'usage',
      `--detach-key: ${JSON.stringify(text)} ${problem}; give one such as ctrl-], ctrl-\\ or ctrl-q, or none.`,
      { details: { field: 'detach-key' } },
    )
  }
  return {
    label: `Ctrl-${key.toUpperCase()}`,
    byte: key.toUpperCase().charCodeAt(0) & 0x1f,
    code: key.charCodeAt(0),
  }
}

/**
 * A press of the key at the beginning of what was typed, as it came; "" where there is none. Programs
 * may have told the terminal to tell keys in other ways. Sources: xterm's control sequences,
 * "modifyOtherKeys"; the kitty keyboard protocol.
 */
export function readPress({ byte, code }: DetachKey, typed: string): string {
  if (typed.charCodeAt(0) === byte) {
    return typed.slice(0, 1)
  }
  const [whole = '', number, modifiers, event = '1'] =
    // eslint-disable-next-line no-control-regex
    /^\x1b\[(\d+)(?::[\d:]*)?;(\d+)(?::([123]))?(?:;[\d:]*)?u/.exec(typed) ?? []
  if (Number(number) === code && isControl(Number(modifiers)) && event !== '3') {
    return whole
  }
  const other = `\u001B[27;5;${code}~`
  return typed.startsWith(other) ? other : ''
}

/** Ctrl and nothing else; that a lock is on does not count. */
function isControl(modifiers: number): boolean {
  const capsLock = 64
  const numLock = 128
  return ((modifiers - 1) & ~(capsLock | numLock)) === 4
}
