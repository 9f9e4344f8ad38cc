import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFinalReceiptState } from '../../../src/schema/message.ts'
import type { Home } from '../../../src/util/home.ts'
import { waitUntil } from '../../../src/util/wait.ts'
import { removeForGood } from './acts/removal.ts'
import { findProcesses, type Evidence } from './evidence.ts'
import { findTmux } from './runtimes.ts'
import { namesIn } from './files.ts'
import { isUnreadPlainly } from './invariants/messages.ts'
import { Violation } from './report.ts'
import { comeToRest } from './rest.ts'
import type { Stage } from './stage.ts'
import type { Theatre } from './theatre.ts'
import { presentLife } from './world.ts'

/** How long a tmux server without a session may take to be gone, ms. */
const tmuxMs = 10_000

/**
 * The end of a play: every agent is stopped, and then nothing may be open or alive; every other one
 * is removed, then all; the daemon ends in good order, and nothing may be left but the records.
 */
export async function playFinale(theatre: Theatre): Promise<void> {
  const { stage, keeper, home } = theatre
  await Promise.all(stage.world.actors.map(async (actor) => await stopForGood(actor.name, stage)))
  stage.world.actors.forEach((actor) => (presentLife(actor).isHeld = true))
  const evidence = await comeToRest(theatre)
  checkAllOver(evidence)
  countOutcome(evidence, stage)
  await keeper.end('SIGTERM')
  await checkNothingLeft(home, keeper.instance ?? '')
  await keeper.raise()
  for (const actor of stage.world.actors) {
    await removeForGood(actor, stage, 20)
  }
  // Errands that failed were kept.
  stage.world.errands.length = 0
  for (const { name } of await stage.insist(async () => await stage.client.list({ all: true }))) {
    await stage.client.remove(name, { force: true, waitSeconds: 20 })
  }
  const { boxes } = await comeToRest(theatre)
  expectNothing(
    'a removed agent leaves no container',
    boxes.map(({ id, agent }) => `${id} of ${agent}`),
  )
  expectNothing('a removed agent leaves no folder', [
    ...namesIn(home.runsFolder),
    ...namesIn(home.agentsFolder),
  ])
  await keeper.end('SIGTERM')
  await checkNothingLeft(home, keeper.instance ?? '')
}

async function stopForGood(name: string, { insist, client }: Stage): Promise<void> {
  await insist(async () => await client.stop(name, { waitSeconds: 20 }))
}

function checkAllOver({ messages, processes, makings }: Evidence): void {
  const open = [...messages.values()].flat().filter(({ state }) => !isFinalReceiptState(state))
  expectNothing(
    'when all are stopped every message has come to an end',
    open.map(({ id, state }) => `${id} is ${state}`),
  )
  expectNothing('when all are stopped nothing lives', [
    ...processes.map(({ pid, command, run }) => `${pid} (${command}) of ${run}`),
    ...makings.map(({ run, what }) => `${what} of ${run}`),
  ])
}

/** Adds up what became of everything. */
function countOutcome(evidence: Evidence, { tally, world }: Stage): void {
  const { messages, events, accounts } = evidence
  const lives = new Map(world.actors.map((actor) => [actor.name, presentLife(actor)]))
  for (const message of [...messages.values()].flat()) {
    tally.count('letters in the end', message.state)
    const life = lives.get(message.agent)
    const account = accounts.get(life?.id ?? '')
    const key = life?.letters.find(({ id }) => id === message.id)?.key ?? ''
    const isTaken = account?.taken.some((each) => each.key === key)
    if (
      message.state === 'done' &&
      account &&
      !isTaken &&
      isUnreadPlainly(key, message, { account, evidence })
    ) {
      tally.count('letters in the end, of these', 'done with others, never read')
    }
  }
  const removed = world.actors.flatMap(({ lives: all }) => all.slice(0, -1))
  tally.count(
    'letters in the end',
    'removed with their agent',
    removed.flatMap(({ letters }) => letters).length,
  )
  for (const { type, data } of events) {
    if (type === 'run.ended') {
      tally.count('runs', String(data['status']))
    } else if (type === 'daemon.recovered') {
      for (const what of ['adopted', 'finished', 'orphans', 'unknown']) {
        tally.count('runs found by the next daemon', what, Number(data[what]))
      }
    }
  }
  tally.count('events', 'read and followed', events.length)
}

/** After an end in good order: no process, no door, no lock, and a database that is whole. */
async function checkNothingLeft(home: Home, instance: string): Promise<void> {
  expectNothing(
    'a daemon that ended leaves no door open',
    [home.socketFile, home.daemonFile, home.sparesFolder].filter((file) => existsSync(file)),
  )
  await sleep(50)
  await waitUntil(() => findTmux(home).all.length === 0, { deadlineMs: tmuxMs })
  expectNothing('nothing lives on when all are stopped', [
    ...(await findProcesses(instance)).map(({ pid, command }) => `${pid} (${command})`),
    ...processesOfHome(home),
    ...findTmux(home).all.map((pid) => `${pid} of its tmux`),
  ])
  expectNothing('the lock of a home ends with its daemon', lockProblems(home))
  expectNothing('the database is whole', databaseProblems(home))
}

/** What runs with this home as its own: daemons, and shells that wait to become holders. */
function processesOfHome(home: Home): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readProc(pid, 'environ').split('\0').includes(`HOME=${home.folder}`))
    .filter((pid) => !/^State:\s+[ZX]/m.test(readProc(pid, 'status')))
    .map((pid) => `${pid} (${readProc(pid, 'cmdline').replaceAll('\0', ' ')})`)
}

function readProc(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return ''
  }
}

function lockProblems(home: Home): string[] {
  const database = new DatabaseSync(home.lockFile, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE; ROLLBACK')
    return []
  } catch (error) {
    return [String(error)]
  } finally {
    database.close()
  }
}

function databaseProblems(home: Home): string[] {
  const database = new DatabaseSync(home.databaseFile, { readOnly: true })
  try {
    return [
      ...database
        .prepare('PRAGMA integrity_check')
        .all()
        .flatMap((row) => Object.values(row)),
      ...database
        .prepare('PRAGMA foreign_key_check')
        .all()
        .map((row) => JSON.stringify(row)),
    ]
      .map(String)
      .filter((line) => line !== 'ok')
  } finally {
    database.close()
  }
}

function expectNothing(invariant: string, findings: readonly string[]): void {
  if (findings.length > 0) {
    throw new Violation(invariant, findings)
  }
}
