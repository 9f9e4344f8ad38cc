import path from 'node:path'
import type { ApprovalMode, ApprovalPolicy, ApprovalRule } from '../schema/approval.ts'
import { commandOf, commandParts, inputPaths, inputText } from './tool-input.ts'

/** What a program wants to do. */
export interface AskedCall {
  tool: string
  input: unknown
}

export interface PolicyPlace {
  /** The folder in which the agent works, absolute. */
  dir: string
  /**
   * An absolute path without `..` and symbolic links in it; it may not exist. Throws for one that
   * can't be followed.
   */
  resolvePath: (file: string) => string
}

/** What an agent's policy says to a question, and by which part of it. */
export interface Judgement {
  mode: ApprovalMode
  cause: string
}

/**
 * What becomes of a question: the first rule that holds, else the mode. What can't be evaluated is
 * denied. An `allow` must hold for sure, while `deny` and `ask` hold in doubt: of a command that is
 * more than one an `allow` must hold for each part and the others for one of them; where an
 * input names no path a rule with a folder allows nothing, and where a program gives no input none
 * with a pattern does.
 */
export function judgeCall(policy: ApprovalPolicy, call: AskedCall, place: PolicyPlace): Judgement {
  for (const [index, rule] of policy.rules.entries()) {
    const name = `rule ${index + 1}, ${describeRule(rule)}`
    try {
      if (holds(rule, call, place)) {
        return { mode: rule.mode, cause: name }
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return { mode: 'deny', cause: `${name} can't be evaluated: ${why}` }
    }
  }
  return { mode: policy.mode, cause: `its mode is ${policy.mode}` }
}

/** A rule as it is written on the command line: `Bash(git *)`, `Edit@src`. */
export function describeRule({ tool, input, dir }: Omit<ApprovalRule, 'mode'>): string {
  return `${tool}${input === undefined ? '' : `(${input})`}${dir === undefined ? '' : `@${dir}`}`
}

function holds(rule: ApprovalRule, call: AskedCall, place: PolicyPlace): boolean {
  return (
    matches(rule.tool, call.tool) &&
    (rule.input === undefined || inputHolds(rule.input, rule.mode, call.input)) &&
    (rule.dir === undefined || folderHolds(rule.dir, rule.mode, { call, place }))
  )
}

function inputHolds(pattern: string, mode: ApprovalMode, input: unknown): boolean {
  if (input === null || input === undefined) {
    return mode !== 'allow'
  }
  const command = commandOf(input)
  if (command === null) {
    return matches(pattern, inputText(input))
  }
  const parts = commandParts(command)
  return mode === 'allow'
    ? parts.length > 0 && parts.every((part) => matches(pattern, part))
    : [command.trim(), ...parts].some((part) => matches(pattern, part))
}

function folderHolds(
  dir: string,
  mode: ApprovalMode,
  { call, place }: { call: AskedCall; place: PolicyPlace },
): boolean {
  const paths = inputPaths(call.input)
  if (!paths) {
    return mode !== 'allow'
  }
  const folder = place.resolvePath(absolute(dir, place.dir))
  const isInside = (file: string): boolean =>
    contains(folder, place.resolvePath(absolute(file, place.dir)))
  return mode === 'allow' ? paths.every(isInside) : paths.some(isInside)
}

/** `..` stays as it is: what it leads to depends on the links before it. */
function absolute(file: string, dir: string): string {
  if (file.startsWith('~')) {
    throw new Error(`${JSON.stringify(file.slice(0, 200))} begins with "~"`)
  }
  if (file.includes('\0')) {
    throw new Error('a path contains NUL')
  }
  return path.posix.isAbsolute(file) ? file : `${dir}/${file}`
}

function contains(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}

/** Whether a text is what a pattern says: `*` is any text, `?` one character, all else itself. Takes no longer than text times pattern. */
export function matches(pattern: string, text: string): boolean {
  let [at, here] = [0, 0]
  let [starAt, starHere] = [-1, 0]
  while (here < text.length) {
    if (pattern[at] === '*') {
      starAt = at++
      starHere = here
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[here])) {
      at++
      here++
    } else if (starAt >= 0) {
      at = starAt + 1
      here = ++starHere
    } else {
      return false
    }
  }
  while (pattern[at] === '*') {
    at++
  }
  return at === pattern.length
}
