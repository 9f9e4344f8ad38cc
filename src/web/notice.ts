/** What is said over the terminal. */
export interface NoticeText {
  title: string
  text: string
  /** To be typed in a shell. */
  command?: string
  button?: { name: string; press: () => void }
}

/** A card over the terminal: what is the matter, and the way out. */
export class Notice {
  readonly #find: (id: string) => HTMLElement

  constructor(find: (id: string) => HTMLElement) {
    this.#find = find
  }

  show({ title, text, command, button }: NoticeText): void {
    const shownButton = this.#find('notice-button')
    const shownCommand = this.#find('notice-command')
    this.#find('notice-title').textContent = title
    this.#find('notice-text').textContent = text
    shownCommand.textContent = command ?? ''
    shownCommand.hidden = command === undefined
    shownButton.textContent = button?.name ?? ''
    shownButton.hidden = button === undefined
    shownButton.onclick = button?.press ?? null
    this.#find('notice').hidden = false
    if (button) {
      shownButton.focus()
    }
  }

  /** Keys go to the terminal again. */
  hide(): void {
    const card = this.#find('notice')
    if (!card.hidden) {
      card.hidden = true
      document.querySelector<HTMLElement>('.xterm-helper-textarea')?.focus()
    }
  }
}
