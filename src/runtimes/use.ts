/** What a run in a box uses right now. */
export interface Use {
  memoryBytes: number
  /** Null: as much as the machine has. */
  memoryLimitBytes: number | null
  /** Of one processor; null: not known. */
  cpuPercent: number | null
  pids: number
}
