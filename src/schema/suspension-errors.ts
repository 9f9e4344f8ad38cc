import type { ErrorRow } from './error-row.ts'

/** What can go wrong on a run's way to its rest and back; part of the one table. */
export const suspensionErrors = {
  suspend_failed: {
    status: 500,
    exit: 1,
    retryable: false,
    hint: 'Its run is ended instead; its session stays.',
  },
  resume_failed: {
    status: 500,
    exit: 1,
    retryable: false,
    hint: 'Its next run goes on with its session; what waits for it is kept.',
  },
} as const satisfies Record<string, ErrorRow>
