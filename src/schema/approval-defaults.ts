/** How questions are answered where nothing is said of it. Apart from the schema, so that programs have it without zod. */
export const approvalDefaults = {
  mode: 'ask',
  timeoutMs: 3_600_000,
} as const
