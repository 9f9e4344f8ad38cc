import type { ToolName } from './tool-definitions.ts'

export interface PromptParts {
  agent: string
  persona: string | null
  systemPrompt: string | null
  folder: string
  tools: readonly ToolName[]
  memory: string
}

/** The system prompt: who the agent is, what it can do, what it remembers. Made anew for every turn. */
export function composeSystemPrompt({
  agent,
  persona,
  systemPrompt,
  folder,
  tools,
  memory,
}: PromptParts): string {
  const parts = [
    `You are ${agent}, an agent run by Drover. Other people and agents write to you by that name.`,
  ]
  const own = systemPrompt ?? persona
  if (own) {
    parts.push(own.trim())
  }
  if (tools.some((tool) => tool !== 'remember')) {
    parts.push(`Your folder is ${folder}. Your tools work in it and take paths relative to it.`)
  }
  if (tools.includes('remember')) {
    parts.push('Use the remember tool for facts that should last beyond this conversation.')
  }
  if (memory) {
    parts.push(`Your memory file says:\n${memory}`)
  }
  return parts.join('\n\n')
}

/** A system prompt with another persona: in the place of the one that is in it, else at its end. */
export function replacePersona(
  { persona, systemPrompt }: Pick<PromptParts, 'persona' | 'systemPrompt'>,
  next: string,
): { persona: string; systemPrompt: string | null } {
  const old = persona?.trim() ?? ''
  if (systemPrompt === null) {
    return { persona: next, systemPrompt }
  }
  return {
    persona: next,
    systemPrompt:
      old !== '' && systemPrompt.includes(old)
        ? systemPrompt.replace(old, () => next.trim())
        : `${systemPrompt.trim()}\n\n${next.trim()}`,
  }
}
