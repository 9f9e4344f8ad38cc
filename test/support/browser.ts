import { rmSync } from 'node:fs'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { findProgram } from '../../src/util/find-program.ts'
import { createTemporaryFolder } from './temporary-folder.ts'
import { waitFor } from './wait-for.ts'

export const chromiumPath = findProgram('chromium', {
  searchPath: process.env['PATH'] ?? '',
  folder: '/',
})

/** A browser for pages on this machine; it looks for nothing beyond it. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext
  readonly #folder: string

  private constructor(context: BrowserContext, folder: string) {
    this.#context = context
    this.#folder = folder
  }

  static async start(): Promise<Browser> {
    const folder = createTemporaryFolder()
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: chromiumPath ?? 'chromium',
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    return new Browser(context, folder)
  }

  /** A window with the terminal behind an address. */
  async open(url: string, viewport = { width: 1100, height: 700 }): Promise<TerminalPage> {
    const page = await this.#context.newPage()
    await page.setViewportSize(viewport)
    const terminal = new TerminalPage(page)
    await page.goto(url)
    return terminal
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A window with an agent's terminal in it. */
export class TerminalPage {
  readonly page: Page
  /** What the browser found wrong: errors of scripts, and what the page's policy forbids. */
  readonly complaints: string[] = []

  constructor(page: Page) {
    this.page = page
    page.on('pageerror', ({ message }) => this.complaints.push(message))
    page.on('console', (message) => {
      if (message.type() === 'error') {
        this.complaints.push(message.text())
      }
    })
  }

  /** What stands on the screen. */
  async text(): Promise<string> {
    return await this.page.locator('.xterm-rows').innerText()
  }

  async sees(text: string): Promise<void> {
    await waitFor(`${JSON.stringify(text)} to be seen`, async () =>
      (await this.text()).replaceAll('\u00a0', ' ').includes(text),
    )
  }

  async hasTitle(title: string): Promise<void> {
    await waitFor(`the title ${title}`, async () => (await this.page.title()) === title)
  }

  /** Waits for a card with this title. */
  async isTold(title: string): Promise<void> {
    await this.page.getByRole('alertdialog', { name: title }).waitFor()
  }
}
