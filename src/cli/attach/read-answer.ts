/** What a person says to a question. */
export interface GivenAnswer {
  verb: 'approve' | 'deny'
  /** What they say with it. */
  message: string | null
}

/** A typed line as the answer to a question: `y`, `no`, `n use the other branch`; null: it is none. */
export function readAnswer(line: string): GivenAnswer | null {
  const word = /^(?:(yes|no)|(y|n)(?:\s+(\S[\s\S]*))?)$/i.exec(line.trim())
  if (!word) {
    return null
  }
  const [, whole, letter, message = null] = word
  const isYes = (whole ?? letter ?? '').toLowerCase().startsWith('y')
  return { verb: isYes ? 'approve' : 'deny', message }
}
