import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect } from 'vitest'
import { Browser, chromiumPath } from '../support/browser.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { uncrowded } from '../support/terminal-stage.ts'

const isThere = chromiumPath !== null && hasProgram('tmux')
const test = requireOrSkip('chromium', isThere)
const up = { waitSeconds: 20 }
const program: [string, ...string[]] = ['/bin/bash', '--norc', '--noprofile']

let daemon: TestDaemon
let browser: Browser
beforeAll(async () => {
  if (isThere) {
    daemon = await startTestDaemon({ isLeftClean: true, config: uncrowded })
    browser = await Browser.start()
  }
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  for (const { name } of await daemon.client.list({ all: true })) {
    await daemon.client.remove(name, { force: true, ...up })
  }
  await daemon?.[Symbol.asyncDispose]()
})

const runShell = async (name: string): Promise<string> => {
  const request = { template: 'command', name, runtime: 'tmux', program, graceMs: 200 }
  await daemon.client.run({ ...request, env: { PS1: '$ ' } }, up)
  return (await daemon.client.terminalTicket(name)).url
}

test('a shell in the browser shows what it makes of what is typed', async () => {
  const window = await browser.open(await runShell('shell'))
  await window.sees('$')
  await window.page.keyboard.type('echo hi-$((40+2))\n')
  await window.sees('hi-42')
  await window.page.keyboard.type("printf '\\033[31mred\\033[0m \\u6f22 \\u00e4\\n'\n")
  await window.sees('red 漢')
  expect(await window.page.title()).toMatch(/^shell · /)
  expect(window.complaints).toEqual([])
  await window.page.close()
})

test('a program that asks what the terminal is gets one answer, however many windows there are', async () => {
  const window = await browser.open(await runShell('asking'))
  await window.sees('$')
  const { url } = await daemon.client.terminalTicket('asking')
  const other = await browser.open(url)
  await other.sees('$')
  const ask = String.raw`printf '\033[6n'; IFS= read -rs -d R -t 5 at; printf '\033[c'; IFS= read -rs -d c -t 5 it; read -rs -t 1 -n 1 more; echo "more:<$more>"`
  await window.page.keyboard.type(`${ask}\n`)
  await window.sees('more:<>')
  await window.page.close()
  await other.page.close()
})

test('a window says that the daemon is away, and that another address is needed once it was restarted', async () => {
  const window = await browser.open(await runShell('left'))
  await window.sees('$')
  await daemon.kill()
  await window.isTold('Drover is away')
  const port = Number(new URL(daemon.status.url).port)
  writeFileSync(daemon.home.configFile, JSON.stringify({ port, ...uncrowded }))
  await daemon.start()
  await window.isTold('This window is not known any more')
  const { url } = await daemon.client.terminalTicket('left')
  const next = await browser.open(url)
  await next.sees('$')
  await next.page.close()
  await window.page.close()
})
