import { setTimeout as sleep } from 'node:timers/promises'
import type { RunnerFinding } from '../../../schema/reports.ts'
import { encodeRunnerLine } from '../protocol.ts'
import { tryInterrupt, trySettings, trySteer } from './claims.ts'
import { has, ping, quickDeadline, untilStopped, type Exam } from './exam.ts'
import { judgeLostSession, judgeResume } from './judge-claims.ts'
import { claimsOf, judgeReady } from './judge-ready.ts'
import { judgeEnd, judgeLastTurn, judgePing, judgeUnknown } from './judge-rest.ts'
import { judgeTurn } from './judge-turn.ts'
import type { RunnerProcess } from './runner-process.ts'
import { linesOf, note, type Stretch } from './transcript.ts'

/** Between the pieces of a line that comes in two, ms. */
const pieceMs = 100

/** Text that a program must take as it is; the horse is cut in two. */
const oddText = 'Say it again. "Quotes", back\\slashes, a\nnew line and 🐎 belong to this message.'

export interface FirstStart {
  isReady: boolean
  /** The session that a later start can be told to go on with. */
  resumable: string | null
  /** What went on when it had ended by itself; null while it never did. */
  leftovers: string[] | null
}

/** All that can be tried with one start, up to its end by `stop`. */
export async function tryFirstStart(exam: Exam): Promise<FirstStart> {
  const runner = await exam.start(null)
  const ready = await untilReady(exam, runner)
  exam.report(...judgeReady(ready))
  const [line] = linesOf(ready.lines, 'ready')
  if (!line) {
    return { isReady: false, resumable: null, leftovers: await endNow(runner) }
  }
  const claims = claimsOf(line)
  if ((await tryBasics(exam, runner)) && !runner.end) {
    await tryClaims(exam, runner, claims)
  } else if (claims.some((claim) => claim !== 'resume')) {
    exam.report(note('claims', 'what it says that it can was not tried: mend the rest first'))
  }
  if (!runner.end) {
    exam.say('stop')
    runner.write(encodeRunnerLine({ type: 'stop' }))
    exam.report(judgeEnd('stop', await untilGone(runner, quickDeadline(exam))))
  }
  const { session } = line
  const canResume = claims.includes('resume') && typeof session === 'string' && session !== ''
  return { isReady: true, resumable: canResume ? session : null, leftovers: await endNow(runner) }
}

/** What every program must do. Stops at what the rest can't be judged without; returns whether all is well. */
async function tryBasics(exam: Exam, runner: RunnerProcess): Promise<boolean> {
  const steps = [
    async () => await tryTurn(exam, runner),
    async () => [judgePing(await ping(exam, runner))],
    async () => [judgeUnknown(await sayUnknown(exam, runner))],
    async () => await tryPieces(exam, runner),
  ]
  let isWell = true
  for (const step of steps) {
    if (runner.end) {
      return false
    }
    const findings = await step()
    exam.report(...findings)
    const wrongOnes = findings.filter(({ verdict }) => verdict === 'wrong')
    isWell &&= wrongOnes.length === 0
    if (wrongOnes.some(({ check }) => check === 'ping')) {
      return false
    }
  }
  return isWell
}

async function tryClaims(
  exam: Exam,
  runner: RunnerProcess,
  claims: readonly string[],
): Promise<void> {
  if (claims.includes('interrupt')) {
    await tryInterrupt(exam, runner)
  }
  if (claims.includes('steer') && !runner.end) {
    await trySteer(exam, runner)
  }
  if (!runner.end) {
    await trySettings(exam, runner, claims)
  }
}

/** A second start: with the session of the first where it says that it can, and ended by its input. */
export async function tryLaterStart(exam: Exam, first: FirstStart): Promise<void> {
  const { resumable } = first
  const runner = await exam.start(resumable)
  const ready = await untilReady(exam, runner)
  if (resumable !== null) {
    exam.report(judgeResume(resumable, ready))
  }
  if (ready.outcome === 'seen') {
    exam.say('end of input')
    const id = 'check_last'
    runner.write(encodeRunnerLine({ type: 'query', id, text: exam.prompt, from: 'user' }))
    runner.endInput()
    exam.report(judgeLastTurn(id, await untilGone(runner, exam.deadlineMs)))
  } else if (resumable === null) {
    exam.report(...judgeReady(ready))
  }
  const leftovers = await endNow(runner)
  first.leftovers = leftovers ? [...(first.leftovers ?? []), ...leftovers] : first.leftovers
}

/** A third start, with a session that never was. */
export async function tryLostSession(exam: Exam): Promise<void> {
  exam.say('a session that is not there')
  const runner = await exam.start('drover-check-never-was')
  const stretch = await runner.follow(0, (lines) => has(lines, 'ready'), exam.deadlineMs)
  exam.report(judgeLostSession(stretch))
  await endNow(runner)
}

async function untilReady(exam: Exam, runner: RunnerProcess): Promise<Stretch> {
  exam.say('waiting until it is ready')
  return await runner.follow(0, (lines) => has(lines, 'ready'), exam.deadlineMs)
}

async function tryTurn(exam: Exam, runner: RunnerProcess): Promise<RunnerFinding[]> {
  exam.say('a first query')
  const from = runner.lines.length
  const id = 'check_1'
  runner.write(encodeRunnerLine({ type: 'query', id, text: exam.prompt, from: 'user' }))
  const stretch = await untilStopped(runner, from, exam.deadlineMs)
  return judgeTurn({ check: 'first query', id, stretch })
}

/** The pipe may bring a line in pieces, cut anywhere. */
async function tryPieces(exam: Exam, runner: RunnerProcess): Promise<RunnerFinding[]> {
  exam.say('a second query, in two pieces')
  const from = runner.lines.length
  const id = 'check.2:b'
  const line = Buffer.from(encodeRunnerLine({ type: 'query', id, text: oddText, from: 'drover' }))
  const cut = line.indexOf('🐎') + 2
  runner.write(line.subarray(0, cut))
  await sleep(pieceMs)
  runner.write(line.subarray(cut))
  const stretch = await untilStopped(runner, from, exam.deadlineMs)
  return judgeTurn({ check: 'second query', id, stretch, manner: 'given in two pieces' })
}

async function sayUnknown(exam: Exam, runner: RunnerProcess): Promise<Stretch> {
  exam.say('a line that it can not know')
  const from = runner.lines.length
  runner.write('{"type":"drover_check","id":"check_unknown","text":"skip this"}\n')
  const { lines: _, ...stretch } = await ping(exam, runner)
  return { ...stretch, lines: runner.lines.slice(from) }
}

async function untilGone(runner: RunnerProcess, deadlineMs: number): Promise<Stretch> {
  return await runner.follow(0, () => runner.end !== null, deadlineMs)
}

async function endNow(runner: RunnerProcess): Promise<string[] | null> {
  const left = runner.end ? await runner.leftovers() : null
  await runner.kill()
  return left
}
