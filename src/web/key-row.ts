/** Keys that a phone's keyboard lacks. */
const keys: Readonly<Record<string, string>> = {
  escape: '\x1b',
  tab: '\t',
  left: '\x1b[D',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
}

export interface KeyRow {
  /** What is typed as it is with the row's Ctrl, where that is held. */
  changed(typed: string): string
}

/** The row of keys below the terminal. Its Ctrl holds for the next key. */
export function createKeyRow(row: HTMLElement, type: (keys: string) => void): KeyRow {
  let isControl = false
  const control = row.querySelector('[data-keys="control"]')
  const setControl = (isHeld: boolean): void => {
    isControl = isHeld
    control?.setAttribute('aria-pressed', String(isHeld))
  }
  row.addEventListener('pointerdown', (event) => {
    // The keyboard stays open: the terminal keeps the focus.
    event.preventDefault()
    const name = (event.target as HTMLElement).dataset['keys']
    if (name === 'control') {
      setControl(!isControl)
    } else if (name !== undefined && keys[name] !== undefined) {
      type(keys[name])
    }
  })
  return {
    changed(typed) {
      if (!isControl || typed.length !== 1) {
        return typed
      }
      setControl(false)
      const code = typed.toUpperCase().charCodeAt(0)
      return code >= 0x40 && code <= 0x5f ? String.fromCharCode(code & 0x1f) : typed
    },
  }
}
