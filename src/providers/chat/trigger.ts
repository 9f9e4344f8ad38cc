/** Whether a text holds the trigger as a word of its own, in any case: `rex` is in "Rex, come" and not in "T-Rexes". */
export function hasTrigger(text: string, trigger: string): boolean {
  const word = trigger.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<![\\p{L}\\p{N}_])${word}(?![\\p{L}\\p{N}_])`, 'iu').test(text)
}
