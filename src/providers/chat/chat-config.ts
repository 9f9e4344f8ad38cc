import { readFileSync } from 'node:fs'
import type { Upstream } from '../../schema/config.ts'
import type { ToolName } from './tool-definitions.ts'

/** Everything the agent program is told at its start: one JSON file, 0600, its path the only argument. */
export interface ChatConfig {
  v: 1
  /** The agent's name. */
  agent: string
  persona: string | null
  /** What it is told of itself, the persona in it; null: the persona alone. */
  systemPrompt: string | null
  trigger: string | null
  /** The agent's folder, absolute. */
  folder: string
  memory: MemoryPlace
  session: {
    id: string
    /** Absolute; JSON lines. */
    file: string
    /** The file must be there. */
    isResumed: boolean
  }
  model: ModelWish
  tools: ToolName[]
  /** Those of them that a person is asked about first. */
  askedTools: ToolName[]
  limits: ChatLimits
}

/** The memory file: anywhere when Drover chose it, inside the agent's folder when the agent's spec did. */
export interface MemoryPlace {
  file: string
  isInFolder: boolean
}

/** What decides which model answers. */
export interface ModelWish {
  endpoint: 'auto' | 'ollama' | 'openai' | 'practice'
  /** Model name; null takes the endpoint's own. */
  name: string | null
  ollama: Upstream | null
  openai: Upstream | null
}

export interface ChatLimits {
  maxToolRounds: number
  commandDeadlineMs: number
  connectDeadlineMs: number
  silenceDeadlineMs: number
  historyBytes: number
}

/** The config that `launch` wrote; it is our own, so it is not checked again. */
export function readChatConfig(file: string): ChatConfig {
  const config = JSON.parse(readFileSync(file, 'utf8')) as ChatConfig
  if (config.v !== 1) {
    throw new Error(`${file} is for another version of Drover`)
  }
  return config
}
