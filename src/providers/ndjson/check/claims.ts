import { encodeRunnerLine, type RunnerInput } from '../protocol.ts'
import { has, ping, quickDeadline, untilStopped, type Exam } from './exam.ts'
import { judgeInterrupt, judgeSettings, judgeSteer, judgeTrigger } from './judge-claims.ts'
import type { RunnerProcess } from './runner-process.ts'
import { linesOf } from './transcript.ts'

/** Trials of what a program says that it can. Each leaves it without a turn, or gone. */

/** The turn is meant to last until it is interrupted; how long, depends on who is asked. */
export async function tryInterrupt(exam: Exam, runner: RunnerProcess): Promise<void> {
  exam.say('an interrupt')
  const from = runner.lines.length
  const id = 'check_interrupt'
  ask(runner, { id, text: exam.prompt })
  await runner.follow(from, (lines) => has(lines, 'agent_started'), exam.deadlineMs)
  runner.write(encodeRunnerLine({ type: 'interrupt', id }))
  const { tookMs } = await untilStopped(runner, from, quickDeadline(exam))
  // One that is late must not hit the next turn, nor end the program.
  runner.write(encodeRunnerLine({ type: 'interrupt', id }))
  const { outcome, ...after } = await ping(exam, runner)
  const lines = runner.lines.slice(from)
  exam.report(judgeInterrupt(id, { ...after, outcome, tookMs, lines }))
  if (!has(lines, 'agent_stopped')) {
    await untilStopped(runner, from, exam.deadlineMs)
  }
}

export async function trySteer(exam: Exam, runner: RunnerProcess): Promise<void> {
  exam.say('a query into a turn')
  const from = runner.lines.length
  const [first, second] = ['check_turn', 'check_joins']
  ask(runner, { id: first, text: exam.prompt })
  await runner.follow(from, (lines) => has(lines, 'agent_started'), exam.deadlineMs)
  ask(runner, { id: second, text: exam.prompt, steer: true })
  const stretch = await runner.follow(
    from,
    (lines) => {
      const ended = new Set(linesOf(lines, 'agent_stopped').map(({ id }) => id))
      return ended.has(second) || (ended.has(first) && has(lines, 'agent_joined'))
    },
    exam.deadlineMs,
  )
  // What it says too much comes right behind.
  await ping(exam, runner)
  exam.report(judgeSteer(first, second, { ...stretch, lines: runner.lines.slice(from) }))
}

/** Last of all, for the model that it is set to is none. */
export async function trySettings(
  exam: Exam,
  runner: RunnerProcess,
  claims: readonly string[],
): Promise<void> {
  const fields = ['model', 'persona'].filter((field) => claims.includes(field))
  if (fields.length > 0) {
    exam.say('settings')
    const lines: readonly RunnerInput[] = [
      { type: 'set_model', model: 'drover-check' },
      { type: 'set_persona', persona: 'You are checked by Drover.' },
    ]
    lines
      .filter(({ type }) => fields.includes(type.replace('set_', '')))
      .forEach((line) => runner.write(encodeRunnerLine(line)))
    exam.report(judgeSettings(fields, await ping(exam, runner)))
  }
  if (claims.includes('trigger') && !runner.end) {
    exam.say('a trigger')
    const from = runner.lines.length
    const id = 'check_trigger'
    runner.write(encodeRunnerLine({ type: 'set_trigger', trigger: 'zyzzyva' }))
    ask(runner, { id, text: exam.prompt })
    exam.report(judgeTrigger(id, await untilStopped(runner, from, exam.deadlineMs)))
  }
}

function ask(runner: RunnerProcess, query: { id: string; text: string; steer?: true }): void {
  runner.write(encodeRunnerLine({ type: 'query', from: 'user', ...query }))
}
