import type { normaliseCron, readCron } from '../core/cron-times.ts'

export type ReadCron = typeof readCron

interface CronModule {
  readCron: ReadCron
  normaliseCron: typeof normaliseCron
}

/** Loaded when the first schedule needs it: a home without schedules does not pay its 2 MB. */
export async function loadCron(): Promise<CronModule> {
  return await import('../core/cron-times.ts')
}
