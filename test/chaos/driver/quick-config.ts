/** Deaths count for seconds, not minutes; a machine that is busy with a play takes starts all the same. */
export const quickConfig = {
  port: 0,
  restart: { backoffMs: 50, backoffMostMs: 500, healthyMs: 3000, deaths: 4, windowMs: 4000 },
  admission: { freeBytes: 0, memoryPressure: 100, cpuPressure: 100, starts: 2 },
} as const
