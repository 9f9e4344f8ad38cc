import { refusalGate } from '../../src/core/gates.ts'
import { becomeReady } from './agent-runs.ts'
import { check, type AgentState, type ModelQuestion } from './agent-state.ts'

/** The program of the run asks a person. */
export function ask(model: AgentState): void {
  const { live } = model
  if (live?.hasHandle) {
    if (model.openOf(live).length > 0 && model.hasTurns) {
      becomeReady(model, live)
    }
    const dueAt = model.questionMs > 0 ? model.now + model.questionMs : null
    model.questions.push({ run: live, isOpen: true, dueAt })
    live.activeAt = model.now
  }
}

/** A person answers the oldest: to the program that waits, or in a message where it is gone. */
export function answer(model: AgentState): void {
  const [question] = model.openQuestions()
  if (!question) {
    return
  }
  const { live } = model
  const isTellable = question.run === live && !live.stopReason && !model.hold && !model.isRemoving
  question.isOpen = false
  if (isTellable) {
    tell(model, question)
  } else if (!refusalGate(model.view())) {
    model.send()
  }
}

/** The program asks no more. */
export function withdraw(model: AgentState): void {
  model.questionsOf(model.live).forEach((question) => (question.isOpen = false))
}

/** Nobody answered in time. */
export function expire(model: AgentState): void {
  const due = model.openQuestions().filter(({ dueAt }) => dueAt !== null && dueAt <= model.now)
  check(due.length > 0, 'a question is denied only when its time is over')
  for (const question of due) {
    question.isOpen = false
    if (question.run === model.live && !question.run.stopReason && !model.hold) {
      tell(model, question)
    }
  }
}

function tell(model: AgentState, { run }: ModelQuestion): void {
  check(run.hasHandle, 'only a program that is up is answered')
  run.activeAt = model.now
  model.unwrittenAnswers++
}
