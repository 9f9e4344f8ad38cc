/** Sizes and times that callers can meet; one place, so that docs and errors agree. */
export const limits = {
  /** Largest message body, bytes of UTF-8. */
  messageBytes: 1024 * 1024,
  /** Largest request body, bytes. */
  requestBytes: 8 * 1024 * 1024,
  /** Messages one agent may have waiting. */
  queuedMessages: 10_000,
  /** Longest line of agent output kept in one piece, bytes; a longer one is cut into pieces of this size. */
  lineBytes: 1024 * 1024,
  /** Arguments of a program. */
  programArguments: 1000,
  /** Tags of an agent; words that it can do, too. */
  words: 32,
  /** Folders that an agent may work in beside its own. */
  addDirs: 64,
  /** Longest cron line, characters. */
  cronCharacters: 200,
  /** Longest wait of one request, seconds. */
  waitSeconds: 300,
  /** Terminals over the wire. */
  terminal: {
    /** Columns, and rows. */
    characters: { min: 1, max: 1000 },
    /** What is sent to somebody who has not said that they have dealt with it, bytes. */
    unacknowledgedBytes: 512 * 1024,
    /** Largest frame of a client, bytes; what is longer is sent in several. */
    frameBytes: 64 * 1024,
  },
  /** Programs beside agents, over the wire: output, and input, that was sent and not acknowledged, bytes. */
  exec: { unacknowledgedBytes: 512 * 1024 },
  /** Terminals beside agents. */
  guest: {
    /** How long one lives, ms. */
    ttlMs: { min: 60_000, max: 4 * 3_600_000, usual: 3_600_000 },
    perAgent: 8,
    /** Of all agents of a home. */
    perHome: 64,
  },
  /** What `.worktreeinclude` may bring into a worktree. */
  worktree: { includedFiles: 10_000, includedBytes: 1024 ** 3 },
  /** What an agent's network policy may list. */
  network: { hosts: 256 },
  /** The system prompt that Drover makes. */
  prompt: {
    /** One file of it, bytes. */
    fileBytes: 256 * 1024,
    /** Documents that config may list. */
    documents: 32,
    /** All of it, bytes. */
    bytes: 2 * 1024 * 1024,
    /** Other agents that it names. */
    peers: 100,
  },
  /** What an agent's own limits may be. */
  agent: {
    /** In less no program starts. */
    memoryBytes: { min: 4 * 1024 * 1024 },
    /** The system gives out no less than a millisecond of each tenth of a second. */
    cpus: { min: 0.01, max: 1024 },
    /** 1 is a program that can start no other; more than Linux can count is no limit. */
    pids: { min: 1, max: 4_194_304 },
    diskBytes: { min: 16 * 1024 * 1024 },
  },
} as const
