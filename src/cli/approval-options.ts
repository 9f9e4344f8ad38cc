import { Option, type Command } from 'commander'
import type { ApprovalMode, ApprovalRule } from '../schema/approval.ts'
import { DroverError } from '../schema/error.ts'
import type { RunRequestInput } from '../schema/requests.ts'
import { durationParser } from './option-values.ts'

const modes: readonly ApprovalMode[] = ['ask', 'allow', 'deny']

type RuleText = Omit<ApprovalRule, 'mode'>

/** What an agent's program may do without asking, and what it may not. */
export interface ApprovalOptions {
  policy?: string
  approve?: ApprovalMode
  allowTool?: RuleText[]
  askTool?: RuleText[]
  denyTool?: RuleText[]
  approveTimeout?: number
}

/** Declares them. */
export function addApprovalOptions(command: Command): Command {
  return command
    .optionsGroup('What it may do without asking:')
    .option('--policy <name>', 'a policy of config.yaml; what is said here goes before it')
    .addOption(
      new Option(
        '--approve <mode>',
        'what becomes of questions that no rule answers (default: ask)',
      ).choices(modes),
    )
    .option(
      '--allow-tool <rule>',
      'allow without asking: TOOL, TOOL(INPUT), TOOL@FOLDER; may be given many times',
      ruleCollector('allow-tool'),
    )
    .option('--ask-tool <rule>', 'ask a person, whatever allows it', ruleCollector('ask-tool'))
    .option('--deny-tool <rule>', 'deny, whatever allows it', ruleCollector('deny-tool'))
    .option(
      '--approve-timeout <time>',
      'a question that nobody answers for this long is denied; 0: never',
      durationParser('approve-timeout'),
    )
}

/** The part of a request that they ask for: what denies goes first, what allows last. */
export function createApprovalRequest(
  options: ApprovalOptions,
): Pick<RunRequestInput, 'approvals' | 'policy'> {
  const { policy, approve: mode, approveTimeout: timeoutMs } = options
  const { allowTool, askTool, denyTool } = options
  const rules = [
    ...(denyTool ?? []).map((rule) => ({ ...rule, mode: 'deny' as const })),
    ...(askTool ?? []).map((rule) => ({ ...rule, mode: 'ask' as const })),
    ...(allowTool ?? []).map((rule) => ({ ...rule, mode: 'allow' as const })),
  ]
  const approvals = {
    ...(mode === undefined ? {} : { mode }),
    ...(rules.length === 0 ? {} : { rules }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
  return {
    ...(policy === undefined ? {} : { policy }),
    ...(Object.keys(approvals).length > 0 ? { approvals } : {}),
  }
}

/** A rule as it is written: `Bash`, `Bash(git *)`, `Edit@src`, `Bash(make *)@/srv`. */
export function parseRule(option: string, text: string): RuleText {
  const [, tool, input, dir] = /^([^()@]+)(?:\(([\s\S]*)\))?(?:@(.+))?$/.exec(text.trim()) ?? []
  if (tool === undefined) {
    throw new DroverError(
      'usage',
      `--${option}: ${JSON.stringify(text)} is no rule, such as Read, 'Bash(git *)' or Edit@src.`,
      { details: { field: option } },
    )
  }
  return {
    tool: tool.trim(),
    ...(input === undefined ? {} : { input }),
    ...(dir === undefined ? {} : { dir }),
  }
}

function ruleCollector(option: string): (text: string, before?: RuleText[]) => RuleText[] {
  return (text, before = []) => [...before, parseRule(option, text)]
}
