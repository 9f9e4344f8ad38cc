import { z } from 'zod'

/** An agent's name: 1 to 63 ASCII letters, digits, `-`, `_`; it fits a file, a tmux target, a unit and an IRC nick. */
export const AgentName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
    'must be 1 to 63 letters, digits, "-" or "_", and start with a letter or digit',
  )
export type AgentName = z.infer<typeof AgentName>
