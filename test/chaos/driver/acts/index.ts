import type { AnyAct } from './act.ts'
import { backend } from './backends.ts'
import { errand } from './errands.ts'
import { burst, resend, send } from './letters.ts'
import { orphan } from './orphans.ts'
import { create, remove } from './removal.ts'
import { strike, vanish } from './strikes.ts'
import { fresh, restart, sleep, start, stop, wake } from './verbs.ts'

/** Everything that can happen to an agent; a new act is a new line here. */
export const acts: Readonly<Record<string, AnyAct>> = {
  create,
  send,
  burst,
  resend,
  wake,
  sleep,
  stop,
  start,
  new: fresh,
  restart,
  strike,
  vanish,
  backend,
  orphan,
  errand,
  remove,
}
