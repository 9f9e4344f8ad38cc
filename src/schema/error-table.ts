import { engineErrors } from './engine-errors.ts'
import type { ErrorRow } from './error-row.ts'
import { suspensionErrors } from './suspension-errors.ts'
import { terminalErrors } from './terminal-errors.ts'

/**
 * The one table of everything that can go wrong: code → HTTP status, exit code, whether trying
 * again can help, and the way out. API, CLI and docs are all made from it.
 *
 * Exit codes: 1 failed, 2 usage, 3 not found, 4 refused, 5 daemon unreachable, 6 timeout.
 */
export const errorTable = {
  invalid_request: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: 'Correct the named field and try again.',
  },
  invalid_name: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: 'Use 1 to 63 letters, digits, "-" or "_", starting with a letter or digit.',
  },
  invalid_dir: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: 'Give an existing folder with --dir.',
  },
  invalid_env: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: 'Names match [A-Za-z_][A-Za-z0-9_]* and do not start with a provider prefix; give model keys and addresses in config.yaml.',
  },
  invalid_message: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: 'Send valid UTF-8 text without NUL.',
  },
  message_too_large: {
    status: 413,
    exit: 2,
    retryable: false,
    hint: 'Put the text in a file and send its path.',
  },
  invalid_schedule: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: 'Correct the named field; `drover help schedule add` shows the form.',
  },
  invalid_config: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: 'Correct config.yaml at the line named.',
  },
  invalid_template: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: 'Correct the template file named; `drover template show hello` prints a good one.',
  },
  invalid_prompt: {
    status: 422,
    exit: 2,
    retryable: false,
    hint: 'Correct the file named, or start the agent with --bare.',
  },
  invalid_worktree: {
    status: 422,
    exit: 2,
    retryable: false,
    hint: 'Name another --dir or --worktree BRANCH, or leave --worktree out to work in the folder itself.',
  },
  usage: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: '`drover help COMMAND` shows the options.',
  },
  unauthorized: {
    status: 401,
    exit: 1,
    retryable: false,
    hint: 'Send "Authorization: Bearer TOKEN" with the text of the token file in Drover\'s home.',
  },
  forbidden_host: {
    status: 403,
    exit: 1,
    retryable: false,
    hint: 'Call Drover as 127.0.0.1 or localhost, on its own port.',
  },
  forbidden_origin: {
    status: 403,
    exit: 1,
    retryable: false,
    hint: 'Only pages served by Drover itself may call it.',
  },
  forbidden: {
    status: 403,
    exit: 4,
    retryable: false,
    hint: 'An agent may look after itself and write to other agents; the rest is for the person it works for.',
  },
  agent_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: '`drover ps -a` lists every agent.',
  },
  template_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: '`drover template ls` lists templates and providers.',
  },
  provider_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: '`drover doctor` lists the providers.',
  },
  runtime_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: '`drover doctor` lists the runtimes.',
  },
  message_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: 'Use the id that `drover send --json` printed.',
  },
  approval_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: '`drover approvals -a` lists every question.',
  },
  schedule_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: '`drover schedule ls` lists every schedule.',
  },
  program_not_found: {
    status: 422,
    exit: 3,
    retryable: false,
    hint: 'Install the program, or give its full path.',
  },
  not_logged_in: {
    status: 422,
    exit: 1,
    retryable: false,
    hint: 'Log in as the message says and try again; `drover doctor` shows whether it worked.',
  },
  route_not_found: {
    status: 404,
    exit: 3,
    retryable: false,
    hint: 'GET /openapi.json lists every route.',
  },
  name_taken: {
    status: 409,
    exit: 1,
    retryable: false,
    hint: 'Choose another name, or remove the one that has it.',
  },
  agent_running: { status: 409, exit: 1, retryable: false, hint: 'Stop it first, or use --force.' },
  conflict: {
    status: 409,
    exit: 1,
    retryable: false,
    hint: 'Use a new id for a different message; what was decided stays decided.',
  },
  agent_stopped: {
    status: 409,
    exit: 4,
    retryable: false,
    hint: '`drover start NAME` lets it take messages again.',
  },
  agent_quarantined: {
    status: 409,
    exit: 4,
    retryable: false,
    hint: '`drover why NAME` shows what it died of; `drover start NAME` tries it again.',
  },
  agent_parked: {
    status: 409,
    exit: 4,
    retryable: true,
    hint: 'It comes up by itself once its limit is over; `drover start NAME` does not wait for that.',
  },
  over_budget: {
    status: 409,
    exit: 4,
    retryable: false,
    hint: 'It has used up what it may spend; `drover budget NAME` raises that.',
  },
  nothing_to_resume: {
    status: 409,
    exit: 1,
    retryable: false,
    hint: 'Leave --resume out: it begins a fresh session.',
  },
  queue_full: {
    status: 429,
    exit: 4,
    retryable: true,
    hint: 'Wait until the agent has worked through its messages.',
  },
  runtime_unavailable: {
    status: 503,
    exit: 1,
    retryable: false,
    hint: '`drover doctor` says what is missing.',
  },
  start_failed: {
    status: 500,
    exit: 1,
    retryable: true,
    hint: '`drover logs NAME` shows what it printed last.',
  },
  ...terminalErrors,
  ...engineErrors,
  stop_failed: { status: 500, exit: 1, retryable: true, hint: 'The record is kept; try again.' },
  ...suspensionErrors,
  disk_full: {
    status: 507,
    exit: 1,
    retryable: true,
    hint: 'Free some space; nothing that was acknowledged is lost.',
  },
  database_corrupt: {
    status: 500,
    exit: 1,
    retryable: false,
    hint: 'Restore a file from backups/, or start over with `drover up --move-aside-corrupt`: the old file is kept.',
  },
  database_newer: {
    status: 500,
    exit: 1,
    retryable: false,
    hint: 'Install that newer Drover, or restore an older database from backups/.',
  },
  home_locked: {
    status: 409,
    exit: 1,
    retryable: false,
    hint: '`drover status` shows the daemon of this home; `drover down` ends it.',
  },
  port_taken: {
    status: 409,
    exit: 1,
    retryable: false,
    hint: 'Set another `port` in config.yaml, or leave it out to have a free one chosen.',
  },
  daemon_unreachable: {
    status: 503,
    exit: 5,
    retryable: true,
    hint: 'Start it with `drover up --detach`.',
  },
  timeout: {
    status: 504,
    exit: 6,
    retryable: true,
    hint: 'It goes on in the background; ask again later.',
  },
  unsupported: {
    status: 422,
    exit: 2,
    retryable: false,
    hint: '`drover doctor` shows what each provider and runtime can do.',
  },
  node_too_old: { status: 500, exit: 1, retryable: false, hint: 'Install Node.js 24.15 or newer.' },
  internal: {
    status: 500,
    exit: 1,
    retryable: false,
    hint: 'Please report it, with the lines around it in drover.log.',
  },
} as const satisfies Record<string, ErrorRow>

export type { ErrorRow } from './error-row.ts'
