import path from 'node:path'
import type { Risk } from '../schema/approval.ts'
import type { AskedCall } from './approval-policy.ts'
import { commandOf, commandParts, inputPaths } from './tool-input.ts'

/** Commands that only look. */
const lookers: ReadonlySet<string> = new Set(
  'ls cat head tail pwd wc grep rg echo date which whoami id uname file stat du df tree diff true test'.split(
    ' ',
  ),
)
const lookingGit = /^git (?:status|log|diff|show|blame|rev-parse|ls-files)\b/

/** Commands that delete, reach out, or rule over others. */
const dangers: ReadonlySet<string> = new Set(
  'rm rmdir shred dd mkfs sudo su doas chmod chown chgrp mount umount kill pkill killall shutdown reboot systemctl service crontab at eval exec source curl wget ssh scp sftp rsync nc ncat telnet docker podman kubectl terraform aws gcloud az psql mysql sh bash zsh'.split(
    ' ',
  ),
)
const dangerousGit =
  /^git (?:push|reset|clean|rebase|filter-branch|filter-repo|checkout --|restore)\b/
const publishers = /^(?:npm|pnpm|yarn|cargo|gem|twine|gh) (?:.* )?(?:publish|push|release|delete)\b/

/** Tools by their names, as the programs we know call them. */
const readers =
  /^(?:read|grep|glob|ls|list|search|find|view|fetch_?todo|todo|notebookread|websearch)/i
const writers =
  /^(?:write|edit|multiedit|notebookedit|patch|apply_?patch|create|move|rename|str_replace|filechange)/i
const deleters = /^(?:delete|remove|kill)/i
/** They ask for more than they have. */
const askers = /permission|^network$/i

/** Files that decide what else is run or who is let in. */
const keyFiles =
  /(?:^|[\s/"'=])(?:\.git|\.ssh|\.gnupg|\.aws|\.env[^/]*|\.npmrc|\.bashrc|\.zshrc|\.profile)(?:[\s/"']|$)/

/**
 * How much harm a call can do, by its tool and its input: a rule of thumb that tells people where
 * to look twice, and decides nothing.
 *
 * - `low`: it only looks.
 * - `high`: it deletes, reaches out of the machine, asks for more rights, publishes, or touches
 *   files outside of the agent's folders or files that decide what is run.
 * - `medium`: all else, and all that is not known.
 */
export function riskOf({ tool, input }: AskedCall, dirs: readonly [string, ...string[]]): Risk {
  const command = commandOf(input)
  if (command !== null) {
    return commandRisk(command)
  }
  if (deleters.test(tool) || askers.test(tool)) {
    return 'high'
  }
  const paths = inputPaths(input) ?? []
  const isFarOut = paths.some((file) => !isInside(file, dirs) || keyFiles.test(file))
  if (readers.test(tool)) {
    return isFarOut && paths.some((file) => keyFiles.test(file)) ? 'high' : 'low'
  }
  return writers.test(tool) && isFarOut ? 'high' : 'medium'
}

function commandRisk(command: string): Risk {
  const parts = commandParts(command)
  if (parts.some(isDangerous) || keyFiles.test(command)) {
    return 'high'
  }
  const isPlain = !/[<>`$]/.test(command) && parts.length > 0
  const looks = (part: string): boolean => lookers.has(firstWord(part)) || lookingGit.test(part)
  return isPlain && parts.every(looks) ? 'low' : 'medium'
}

function isDangerous(part: string): boolean {
  return dangers.has(firstWord(part)) || dangerousGit.test(part) || publishers.test(part)
}

/** The program of a command, without its folder and without what is set for it. */
function firstWord(part: string): string {
  const words = part.split(/\s+/)
  const program = words.find((word) => !/^\w+=/.test(word)) ?? ''
  return path.posix.basename(program)
}

/** Paths are below the first folder where they are not absolute. */
function isInside(file: string, dirs: readonly [string, ...string[]]): boolean {
  const full = path.posix.resolve(dirs[0], file)
  const isBelow = (dir: string): boolean => full === dir || full.startsWith(`${dir}/`)
  return !file.startsWith('~') && dirs.some(isBelow)
}
