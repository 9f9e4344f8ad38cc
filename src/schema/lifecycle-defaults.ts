/** What an agent gets that says nothing of it. Apart from the schema, so that programs have it without zod. */
export const lifecycleDefaults = {
  idleMs: 3_600_000,
  maxAgeMs: 0,
  bootMs: 240_000,
  readyMs: 120_000,
  wedgedMs: 0,
  attachedMs: 14_400_000,
  rest: 'sleep',
  suspendedMs: 86_400_000,
  restart: 'never',
  parking: true,
  tries: 3,
} as const
