import { z } from 'zod'

/** A portable environment variable name. Source: POSIX.1 chapter 8. */
export const environmentNamePattern = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Variables that steer a provider; they come from the provider and config, never from a caller or the host. */
export const providerPrefixes = [
  'CLAUDE',
  'CODEX',
  'OLLAMA',
  'ANTHROPIC_',
  'OPENAI_',
  'GEMINI_',
  'GOOGLE_GEMINI_',
  'OPENCODE_',
] as const

/** The exceptions a caller may set all the same. */
export const allowedProviderPrefixes = ['CLAUDE_CODE_EXPERIMENTAL_'] as const

/** Variables by which Drover marks and reaches what it started; each agent gets its own, none comes from elsewhere. */
export const ownPrefix = 'DROVER_'

/** Why a caller may not set this variable, or null when it may. */
export function environmentNameProblem(name: string): string | null {
  if (!environmentNamePattern.test(name)) {
    return 'must match [A-Za-z_][A-Za-z0-9_]*'
  }
  const upper = name.toUpperCase()
  if (upper.startsWith(ownPrefix)) {
    return `is reserved: names that start with ${ownPrefix} are set by Drover`
  }
  const prefix = providerPrefixes.find((candidate) => upper.startsWith(candidate))
  if (prefix && !allowedProviderPrefixes.some((allowed) => upper.startsWith(allowed))) {
    return `is reserved: names that start with ${prefix} belong to the provider`
  }
  return null
}

/** Environment given by a caller: valid names, none that belongs to a provider or to Drover, values without NUL. */
export const Environment = z.record(z.string(), z.string()).superRefine((environment, context) => {
  for (const [name, value] of Object.entries(environment)) {
    const problem = environmentNameProblem(name)
    if (problem) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message: problem,
        params: { code: 'invalid_env' },
      })
    } else if (value.includes('\0')) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'contains NUL',
        params: { code: 'invalid_env' },
      })
    }
  }
})
export type Environment = z.infer<typeof Environment>
