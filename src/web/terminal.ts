import type { TerminalNotice, TerminalSize } from '../schema/terminal.ts'
import { Connection, type ConnectionState } from './connection.ts'
import { createKeyRow } from './key-row.ts'
import { Notice } from './notice.ts'
import { Screen } from './screen.ts'

/** The page of one agent's terminal: `/terminal/NAME#ticket=…`. */
const agent = decodeURIComponent(location.pathname.split('/').at(-1) ?? '')
const ticket = new URLSearchParams(location.hash.slice(1)).get('ticket')
// Used once, it need not stay where it can be seen or copied.
history.replaceState(null, '', location.pathname)

const find = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (!found) {
    throw new Error(`The page has no ${id}.`)
  }
  return found
}

const screen = new Screen(find('terminal'))
const notice = new Notice(find)
let nextScreen: TerminalSize | null = null
let isReadOnly = false

const connection = new Connection({
  agent,
  ticket,
  size: () => screen.room,
  onState: showState,
  onNotice: takeNotice,
  onBytes: (bytes) => {
    const done = (): void => connection.dealtWith(bytes.length)
    if (nextScreen) {
      screen.draw(bytes, nextScreen, done)
      nextScreen = null
    } else {
      screen.write(bytes, done)
    }
  },
})

find('name').textContent = agent
const keyRow = createKeyRow(find('keys'), type)
screen.terminal.onData((keys) => type(keyRow.changed(keys)))
screen.terminal.onBinary((keys) =>
  connection.typeBytes(Uint8Array.from(keys, (each) => each.charCodeAt(0))),
)
new ResizeObserver(() => {
  screen.refit()
  if (!isReadOnly) {
    connection.request({ type: 'resize', ...screen.room })
  }
}).observe(find('terminal'))
screen.terminal.focus()

function type(keys: string): void {
  if (!isReadOnly) {
    connection.type(keys)
  }
}

function takeNotice(told: TerminalNotice): void {
  switch (told.type) {
    case 'screen':
      nextScreen = { cols: told.cols, rows: told.rows }
      notice.hide()
      return
    case 'resized':
      screen.resize(told)
      return
    case 'status':
      showStatus(told.status)
      showRest(told.status, told.cause)
      return
    case 'gone':
      notice.show({ title: `${agent}'s program is gone`, text: told.cause })
      return
    case 'refused':
      notice.show({ title: 'That could not be done', text: told.problem.detail })
  }
}

/** What there is to say of an agent that has no program now. */
function showRest(status: string, cause: string | null): void {
  const text = cause ?? 'Its session is kept.'
  if (status === 'asleep' || status === 'failed' || status === 'stopped') {
    const canWake = status === 'asleep' && !isReadOnly
    const button = canWake
      ? { name: 'Wake it', press: () => connection.request({ type: 'wake' }) }
      : undefined
    notice.show({
      title: `${agent} is ${status}`,
      text,
      ...(status === 'asleep' ? {} : { command: `drover start ${agent}` }),
      ...(button ? { button } : {}),
    })
  } else if (status === 'waking' || status === 'parked') {
    notice.show({
      title: `${agent} is ${status === 'waking' ? 'waking up' : 'out of quota'}`,
      text: cause ?? 'One moment.',
    })
  }
}

function showState(state: ConnectionState): void {
  const attach = `drover attach ${agent} --url`
  switch (state.state) {
    case 'open':
      isReadOnly = state.isReadOnly
      find('read-only').hidden = !isReadOnly
      document.body.classList.toggle('read-only', isReadOnly)
      screen.terminal.options.disableStdin = isReadOnly
      return
    case 'connecting':
      showStatus('connecting')
      return
    case 'away':
      showStatus('away')
      notice.show({ title: 'Drover is away', text: 'Trying to come back to it.' })
      return
    case 'locked':
      showStatus('closed')
      notice.show({
        ...(state.wasHere
          ? {
              title: 'This window is not known any more',
              text: 'Drover was restarted, or the connection was lost for long. This makes another address:',
            }
          : {
              title: 'This address opens no more',
              text: 'An address opens once, within a minute. This makes another:',
            }),
        command: attach,
      })
      return
    case 'elsewhere':
      showStatus('closed')
      notice.show({
        title: 'Opened elsewhere',
        text: 'Another window has taken over from this one.',
      })
      return
    case 'removed':
      showStatus('removed')
      notice.show({ title: `${agent} was removed`, text: 'There is nobody here any more.' })
      return
    case 'refused':
      showStatus('closed')
      notice.show({ title: `There is no way to ${agent}`, text: state.problem.detail })
  }
}

function showStatus(status: string): void {
  document.body.dataset['status'] = status
  find('status').textContent = status
  document.title = `${agent} · ${status}`
}
