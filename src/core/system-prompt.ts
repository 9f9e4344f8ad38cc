/** Where a layer of the system prompt comes from, in the order in which they stand in it. */
export const promptLayerNames = [
  'machine',
  'doctrine',
  'folder',
  'peers',
  'document',
  'persona',
  'append',
] as const
export type PromptLayerName = (typeof promptLayerNames)[number]

export interface PromptLayer {
  name: PromptLayerName
  /** The file it was read from; null where it is from no file. */
  source: string | null
  text: string
}

export interface PromptFile {
  /** Absolute path. */
  source: string
  text: string
}

/** Another agent, as an agent is told of it. */
export interface PromptPeer {
  name: string
  /** What it is, for people; null where nobody said. */
  label: string | null
  template: string | null
  /** Words of its own, by which it is found. */
  capabilities: readonly string[]
}

export interface MachineFacts {
  agent: string
  host: string
  /** `linux x64`, as Node names them. */
  system: string
  cpus: number
  memoryBytes: number
  /** Where it works, and what else it may work in. */
  dir: string
  addDirs: readonly string[]
}

export interface PromptParts {
  /** Nothing but what the agent itself was given. */
  isBare: boolean
  /** The doctrine of the home, and that of the folder. */
  doctrine: PromptFile | null
  folder: PromptFile | null
  documents: readonly PromptFile[]
  persona: string | null
  append: string | null
}

/** What is asked for only where there is something to say. */
export interface PromptSurroundings {
  machine: MachineFacts
  /** In order of their names. */
  peers: readonly PromptPeer[]
  /** How many there are besides. */
  hiddenPeers: number
}

/**
 * Whether an agent is told where it is and who is around: only one that has something to be told at
 * all. An agent without doctrine, documents, persona and text of its own starts bare.
 */
export function hasSurroundings(parts: PromptParts): boolean {
  const { isBare, doctrine, folder, documents, persona, append } = parts
  const isTold = [doctrine?.text, folder?.text, persona, append].some(hasText)
  return !isBare && (isTold || documents.some(({ text }) => hasText(text)))
}

/** The layers in their order; none for an agent that starts bare. */
export function promptLayers(
  parts: PromptParts,
  surroundings: PromptSurroundings | null,
): PromptLayer[] {
  const { isBare, doctrine, folder, documents, persona, append } = parts
  const own = [layer('persona', persona), layer('append', append)]
  const all =
    isBare || !surroundings
      ? own
      : [
          layer('machine', machineText(surroundings.machine)),
          layer('doctrine', doctrine?.text, doctrine?.source),
          layer('folder', folder?.text, folder?.source),
          layer('peers', peersText(surroundings)),
          ...documents.map(({ text, source }) => layer('document', text, source)),
          ...own,
        ]
  return all.filter(({ text }) => text !== '')
}

/** The whole text; null where there are no layers. A single text of the agent's own stays as it was given. */
export function joinPrompt(layers: readonly PromptLayer[]): string | null {
  const isPlain = layers.every(({ name }) => name === 'persona' || name === 'append')
  const parts = layers.map(({ name, source, text }) =>
    isPlain || name === 'append' ? text : `${headingOf(name, source)}\n\n${text}`,
  )
  return parts.length > 0 ? parts.join('\n\n') : null
}

const headings: Readonly<Record<Exclude<PromptLayerName, 'document' | 'append'>, string>> = {
  machine: 'Where you are',
  doctrine: 'How work is done here',
  folder: 'How work is done in this folder',
  peers: 'Who else is here',
  persona: 'Who you are',
}

function headingOf(name: Exclude<PromptLayerName, 'append'>, source: string | null): string {
  return `# ${name === 'document' ? `Document: ${source ?? ''}` : headings[name]}`
}

function machineText({
  agent,
  host,
  system,
  cpus,
  memoryBytes,
  dir,
  addDirs,
}: MachineFacts): string {
  const memory = `${Math.round(memoryBytes / 1024 ** 3)} GiB`
  return [
    `You are ${agent}, an agent run by Drover. People and other agents write to you by that name.`,
    `The machine is ${host}: ${system}, ${cpus} processors, ${memory} of memory.`,
    `You work in ${dir}.`,
    ...(addDirs.length > 0 ? [`You may also work in ${addDirs.join(', ')}.`] : []),
  ].join('\n')
}

/** Whoever comes and goes says nothing of how it is just now: the text would be another at each start. */
function peersText({ peers, hiddenPeers }: PromptSurroundings): string {
  if (peers.length === 0) {
    return ''
  }
  return [
    'Other agents. Write to one with `drover send NAME TEXT`; `drover ps` says how they are.',
    '',
    ...peers.map(peerLine),
    ...(hiddenPeers > 0 ? [`- and ${hiddenPeers} more`] : []),
  ].join('\n')
}

function peerLine({ name, label, template, capabilities }: PromptPeer): string {
  const what = oneLine(label ?? template ?? '')
  const can = capabilities.length > 0 ? ` (${capabilities.join(', ')})` : ''
  return `- ${name}${what ? `: ${what}` : ''}${can}`
}

/** A line break in what one agent was given must not become a line of another one's prompt. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

function layer(
  name: PromptLayerName,
  text: string | null | undefined,
  source: string | null = null,
): PromptLayer {
  return { name, source, text: text?.trim() ?? '' }
}

function hasText(text: string | null | undefined): boolean {
  return (text ?? '').trim() !== ''
}
