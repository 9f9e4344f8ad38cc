import { afterAll, beforeAll, expect } from 'vitest'
import { Browser, chromiumPath } from '../support/browser.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { TerminalStage } from '../support/terminal-stage.ts'
import { waitFor } from '../support/wait-for.ts'

const test = requireOrSkip('chromium', chromiumPath !== null)
const up = { waitSeconds: 20 }

let stage: TerminalStage
let browser: Browser
beforeAll(async () => {
  stage = await TerminalStage.start()
  if (chromiumPath) {
    browser = await Browser.start()
  }
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

const addressOf = async (name: string, readOnly = false): Promise<string> =>
  (await stage.client.terminalTicket(name, { readOnly })).url

test('shows the terminal, types into it, and says who it is and how they are', async () => {
  await stage.run('guide')
  const window = await browser.open(await addressOf('guide'))
  await window.hasTitle('guide · idle')
  await window.page.keyboard.type('hello there')
  await window.sees('hello there')
  expect(new URL(window.page.url()).hash).toBe('')
  expect(window.complaints).toEqual([])
  await window.page.close()
})

test('comes back by itself, without a new address, also when it is loaded anew', async () => {
  await stage.run('returning')
  const window = await browser.open(await addressOf('returning'))
  await window.hasTitle('returning · idle')
  await window.page.keyboard.type('before')
  await window.sees('before')
  await window.page.reload()
  await window.sees('before')
  await window.hasTitle('returning · idle')
  await window.page.keyboard.type(', after')
  await window.sees('before, after')
  await window.page.close()
})

test('says that an address opened already', async () => {
  await stage.run('once')
  const address = await addressOf('once')
  const first = await browser.open(address)
  await first.hasTitle('once · idle')
  const second = await browser.open(address)
  await second.isTold('This address opens no more')
  await first.page.close()
  await second.page.close()
})

test('who may look only is shown that, and types nothing', async () => {
  await stage.run('looked-at')
  const window = await browser.open(await addressOf('looked-at', true))
  await window.page.getByText('read only').waitFor()
  await window.hasTitle('looked-at · idle')
  await window.page.keyboard.type('nothing')
  const person = await browser.open(await addressOf('looked-at'))
  await person.hasTitle('looked-at · idle')
  await person.page.keyboard.type('typed')
  await window.sees('typed')
  expect(await window.text()).not.toContain('nothing')
  await window.page.close()
  await person.page.close()
})

test('tells of a sleep, and wakes it', async () => {
  await stage.run('sleeper')
  const window = await browser.open(await addressOf('sleeper'))
  await window.hasTitle('sleeper · idle')
  await stage.client.sleep('sleeper', up)
  await window.isTold('sleeper is asleep')
  await window.page.getByRole('button', { name: 'Wake it' }).click()
  await window.page.getByRole('alertdialog').waitFor({ state: 'hidden' })
  await window.hasTitle('sleeper · idle')
  await window.page.keyboard.type('awake')
  await window.sees('awake')
  await stage.client.remove('sleeper', { force: true, ...up })
  await window.isTold('sleeper was removed')
  await window.page.close()
})

test('has the size of its window, and follows it', async () => {
  await stage.run('sized')
  const { run } = await stage.client.show('sized')
  const columns = (): number => stage.machine.terminalOf(run ?? '')?.size.cols ?? 80
  const window = await browser.open(await addressOf('sized'), { width: 390, height: 800 })
  await window.hasTitle('sized · idle')
  await waitFor('a phone', () => columns() < 60)
  await window.page.setViewportSize({ width: 1400, height: 800 })
  await waitFor('a desk', () => columns() > 120)
  const overhang = await window.page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  expect(overhang).toBe(0)
  await window.page.close()
})
