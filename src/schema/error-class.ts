/** Classes of failure, the same for every provider. */
export const errorClasses = [
  'rate_limit',
  'auth',
  'quota',
  'overloaded',
  'network',
  'config',
  'crash',
  'unknown',
] as const
export type ErrorClass = (typeof errorClasses)[number]
