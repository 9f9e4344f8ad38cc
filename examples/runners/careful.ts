/**
 * An agent in TypeScript that asks before it acts, and can be interrupted: "run PROGRAM ARG…" runs a
 * program once a person allowed it; all else it says back.
 *
 * usage: drover run ndjson "run uname -s" --name careful -- node examples/runners/careful.ts
 *        drover approve careful
 */
import { execFile } from 'node:child_process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const say = (line: object): void => console.log(JSON.stringify(line))

/** The turn under way, and the question in it that waits for its answer. */
let turn = { id: '', abort: new AbortController() }
let answered: (isAllowed: boolean) => void = () => {}
let last = Promise.resolve()

async function takeTurn(id: string, text: string): Promise<void> {
  turn = { id, abort: new AbortController() }
  say({ type: 'agent_started', id })
  const [, program, ...args] = text.split(' ')
  const reply = program && text.startsWith('run ') ? await tryProgram(program, args) : text
  const interrupted = turn.abort.signal.aborted
  say({ type: 'agent_stopped', id, reply: interrupted ? '' : reply, interrupted })
}

async function tryProgram(program: string, args: string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  answered = resolve
  say({ type: 'agent_question', id: turn.id, tool: 'run', input: { argv: [program, ...args] } })
  if (!(await promise)) {
    return 'Then I leave it.'
  }
  const { signal } = turn.abort
  const done = await promisify(execFile)(program, args, { signal }).catch((error) => error as Error)
  return done instanceof Error ? done.message : done.stdout.trim()
}

say({ type: 'ready', protocol: 1, can: ['interrupt'] })
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line)
  if (message.type === 'stop') {
    break
  } else if (message.type === 'ping') {
    say({ type: 'pong' })
  } else if (message.type === 'answer') {
    answered(message.allow)
  } else if (message.type === 'interrupt' && message.id === turn.id) {
    turn.abort.abort()
    answered(false)
  } else if (message.type === 'query') {
    // Beside the reading, for an interrupt or an answer comes in mid-turn; one turn after the other.
    last = last.then(() => takeTurn(message.id, message.text))
  }
}
// Nobody can answer any more. Standard input may still be open, and would keep the process.
answered(false)
await last
process.exit()
