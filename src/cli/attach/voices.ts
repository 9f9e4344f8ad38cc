import type { Colors } from '../colors.ts'
import { oneLine } from '../plain-text.ts'
import type { Voice } from './screen.ts'

/** How each side of a conversation looks. */
export interface Voices {
  you: Voice
  agent: Voice
  thought: Voice
  tool: Voice
  note: Voice
  trouble: Voice
  /** Somebody else who writes to the agent. */
  peer: (name: string) => Voice
}

const asIs = (text: string): string => text

/** `isPast`: what was said before somebody came is dim. */
export function createVoices(agent: string, colors: Colors, isPast = false): Voices {
  const { dim, cyan, green, magenta, red, italic } = colors
  const paint = isPast ? dim : asIs
  const one = (prefix: string, look: (text: string) => string): Voice => ({
    prefix,
    paintPrefix: isPast ? dim : look,
    paint,
  })
  const all = (prefix: string, look: (text: string) => string): Voice => ({
    prefix,
    paintPrefix: look,
    paint: look,
  })
  return {
    you: one('you › ', cyan),
    agent: one(`${agent} › `, green),
    thought: all('', (text) => dim(italic(text))),
    tool: all('  · ', dim),
    note: all('– ', dim),
    trouble: all('– ', red),
    peer: (name) => one(`from ${oneLine(name)}: `, magenta),
  }
}
