import { Option, type Command } from 'commander'
import path from 'node:path'
import type { Workspace } from '../schema/agent-options.ts'
import type { RunRequestInput } from '../schema/requests.ts'
import { collectTexts } from './option-values.ts'

/** What an agent is told, is found by and works in, as options of a command say it. */
export interface AgentOptions {
  label?: string
  tag?: string[]
  can?: string[]
  automationId?: string
  effort?: string
  profile?: string
  arg?: string[]
  appendPrompt?: string
  bare?: boolean
  alwaysOn?: boolean
  addDir?: string[]
  workspace?: Workspace | 'inherit'
  /** A branch, or true where none was named. */
  worktree?: string | true
}

/** Their names, each as commander keeps it. */
export const agentOptionNames = [
  'label',
  'tag',
  'can',
  'automationId',
  'effort',
  'profile',
  'arg',
  'appendPrompt',
  'bare',
  'alwaysOn',
  'addDir',
  'workspace',
  'worktree',
] as const satisfies (keyof AgentOptions)[]

export function addIdentityOptions(command: Command): Command {
  return command
    .optionsGroup('What it is:')
    .option('--label <text>', 'what it is, for people: one line')
    .option('--tag <word>', 'a word that you find it by; may be given many times', collectTexts)
    .option(
      '--can <word>',
      'a word that other agents find it by; may be given many times',
      collectTexts,
    )
    .option('--automation-id <id>', 'id of the automation that asks for it')
}

export function addProgramOptions(command: Command): Command {
  return command
    .option('--effort <word>', "how hard it thinks, in the provider's own word")
    .option('--profile <name>', 'a profile that its program keeps')
    .option(
      '--arg <text>',
      'an argument for its program, as --arg=TEXT; may be given many times',
      collectTexts,
    )
}

export function addPromptOptions(command: Command): Command {
  return command
    .option('--append-prompt <text>', 'the last thing that it is told of itself')
    .option('--bare', 'tell it nothing of the machine, its peers and how work is done')
}

export function addPlaceOptions(command: Command): Command {
  return command
    .option(
      '--add-dir <folder>',
      'a folder that it may also work in; may be given many times',
      collectTexts,
    )
    .addOption(
      new Option(
        '--workspace <mode>',
        'isolated: in a git worktree of its own (default: inherit)',
      ).choices(['inherit', 'shared', 'isolated']),
    )
    .option('--worktree [branch]', 'in a git worktree of its own, on a new branch of that name')
    .option('--always-on', "the machine's own supervisor brings it up, and up again")
}

/** The part of a request that they ask for. */
export function createAgentRequest(
  options: AgentOptions,
  cwd: string,
): Omit<Partial<RunRequestInput>, 'template' | 'name' | 'prompt' | 'requestId'> {
  const { label, tag, can, automationId, effort, profile, arg, appendPrompt, bare } = options
  const { addDir, workspace, worktree, alwaysOn } = options
  const branch = worktree === true ? {} : { branch: worktree }
  return Object.fromEntries(
    Object.entries({
      label,
      tags: tag,
      capabilities: can,
      automationId,
      effort,
      profile,
      args: arg,
      promptAppend: appendPrompt,
      bare,
      alwaysOn,
      addDirs: addDir?.map((folder) => path.resolve(cwd, folder)),
      workspace,
      worktree: worktree === undefined ? undefined : branch,
    }).filter(([, value]) => value !== undefined),
  )
}
