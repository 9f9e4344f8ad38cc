import { lstatSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { judgeCall, type AskedCall, type Judgement } from '../core/approval-policy.ts'
import type { AgentSpec } from '../schema/agent.ts'

/**
 * What an agent's policy says to a question. Never throws: what can't be judged is denied. It looks
 * at the disk only where a rule names a folder.
 */
export function judgeQuestion(
  { approvals, dir }: Pick<AgentSpec, 'approvals' | 'dir'>,
  call: AskedCall,
): Judgement {
  try {
    return judgeCall(approvals, call, { dir, resolvePath })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { mode: 'deny', cause: `it can't be judged: ${why}` }
  }
}

/**
 * Where an absolute path leads, as the system would go: each link is followed before the `..` after
 * it. The end of it may not exist. Throws for a link that leads nowhere: what is written to it would
 * be somewhere else.
 */
export function resolvePath(file: string): string {
  let real = '/'
  for (const part of file.split('/')) {
    if (part === '..') {
      real = path.dirname(real)
    } else if (part !== '' && part !== '.') {
      real = follow(path.join(real, part))
    }
  }
  return real
}

function follow(file: string): string {
  if (!lstatSync(file, { throwIfNoEntry: false })) {
    return file
  }
  return realpathSync(file)
}
