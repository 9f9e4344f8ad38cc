import { homedir, tmpdir, userInfo } from 'node:os'
import path from 'node:path'

/** Every place that one Drover home uses. Paths are absolute. */
export interface Home {
  /** The folder people know it by: `DROVER_HOME`, or the state folder. */
  folder: string
  configFile: string
  /** Prices of one's own, over those that come with Drover. */
  pricesFile: string
  /** How work is done here: what every agent of this home is told. */
  doctrineFile: string
  /** Templates of this home, one YAML file each. */
  templatesFolder: string
  databaseFile: string
  backupsFolder: string
  lockFile: string
  tokenFile: string
  /** What agents' tokens are made with. */
  agentKeyFile: string
  socketFile: string
  /** Where this home's own tmux server listens. */
  tmuxSocketFile: string
  /** What the running daemon says of itself: pid, address. */
  daemonFile: string
  logFile: string
  runsFolder: string
  /** Folders of terminals beside agents. */
  guestsFolder: string
  /** Folders of runs to come. */
  sparesFolder: string
  agentsFolder: string
  /** What the machine's own supervisor is to run, and what it has begun. */
  unitsFolder: string
  /** Is there once something was made in a container engine. */
  dockerUsedFile: string
  /** Rules of the firewall for an administrator to set, once somebody needs them. */
  doorRulesFile: string
  /** Git worktrees of agents; they may outlive these. */
  worktreesFolder: string
}

/** Unix socket addresses hold 108 bytes on Linux, 104 on macOS. */
const longestSocketPath = 103

/**
 * The places of a home: one folder when `DROVER_HOME` is set, else the XDG folders.
 * Source: XDG Base Directory Specification 0.8.
 */
export function resolveHome(env: Readonly<Record<string, string | undefined>>): Home {
  const own = env['DROVER_HOME']
  if (own) {
    const folder = path.resolve(own)
    return placesOf({ config: folder, state: folder })
  }
  const userFolder = env['HOME'] || homedir()
  const config = path.join(
    absolute(env['XDG_CONFIG_HOME']) ?? path.join(userFolder, '.config'),
    'drover',
  )
  const state = path.join(
    absolute(env['XDG_STATE_HOME']) ?? path.join(userFolder, '.local', 'state'),
    'drover',
  )
  return placesOf({ config, state })
}

function absolute(value: string | undefined): string | undefined {
  return value && path.isAbsolute(value) ? value : undefined
}

function placesOf({ config, state }: { config: string; state: string }): Home {
  return {
    folder: state,
    configFile: path.join(config, 'config.yaml'),
    pricesFile: path.join(config, 'prices.yaml'),
    doctrineFile: path.join(config, 'doctrine.md'),
    templatesFolder: path.join(config, 'templates'),
    databaseFile: path.join(state, 'drover.db'),
    backupsFolder: path.join(state, 'backups'),
    lockFile: path.join(state, 'daemon.lock'),
    tokenFile: path.join(state, 'token'),
    agentKeyFile: path.join(state, 'agent-key'),
    socketFile: socketIn(state, 'drover.sock'),
    tmuxSocketFile: socketIn(state, 'tmux.sock'),
    daemonFile: path.join(state, 'daemon.json'),
    logFile: path.join(state, 'drover.log'),
    runsFolder: path.join(state, 'runs'),
    guestsFolder: path.join(state, 'guests'),
    sparesFolder: path.join(state, 'spares'),
    agentsFolder: path.join(state, 'agents'),
    unitsFolder: path.join(state, 'units'),
    dockerUsedFile: path.join(state, 'docker-used'),
    doorRulesFile: path.join(state, 'door.nft'),
    worktreesFolder: path.join(state, 'worktrees'),
  }
}

/** A home too deep for a socket address has its sockets in a private folder of the user's instead. */
function socketIn(state: string, name: string): string {
  const socket = path.join(state, name)
  if (Buffer.byteLength(socket) <= longestSocketPath) {
    return socket
  }
  // Taken when needed: importing it costs a cold CLI a third of its start.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const key = createHash('sha256').update(state).digest('hex').slice(0, 16)
  const ending = name === 'drover.sock' ? '.sock' : `.${name}`
  return path.join(tmpdir(), `drover-${userInfo().uid}`, `${key}${ending}`)
}
