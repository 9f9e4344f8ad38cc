import { arch, availableParallelism, platform, totalmem } from 'node:os'
import path from 'node:path'
import {
  hasSurroundings,
  joinPrompt,
  promptLayers,
  type PromptFile,
  type PromptLayer,
  type PromptParts,
  type PromptSurroundings,
} from '../core/system-prompt.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { PromptReport } from '../schema/reports.ts'
import { isNotPlain, readPlainFile } from '../util/plain-file.ts'
import { agentFolders, getAgentByName, getProvider, type DaemonContext } from './context.ts'
import { readPromptFile } from './read-prompt-file.ts'

type PromptContext = Pick<DaemonContext, 'home' | 'config' | 'providers' | 'store'>

/** Whose prompt it is, and where it works. */
export interface PromptReader {
  agent: { id: string; name: string }
  spec: AgentSpec
  /** Folder whose doctrine counts; left out: the one it works in. */
  folder?: string
}

/** The file in an agent's folder that says how work is done there. */
const folderDoctrine = path.join('.drover', 'doctrine.md')

/**
 * The layers of what an agent is told of itself and its place, in order; none for one that starts
 * bare, and for one whose program can't be told. Errors: `invalid_prompt`, naming the file.
 */
export async function readPromptLayers(
  context: PromptContext,
  reader: PromptReader,
): Promise<PromptLayer[]> {
  const { spec } = reader
  if (getProvider(context, spec.provider).unsupported.includes('persona')) {
    return []
  }
  const parts = await readParts(context, reader)
  const layers = promptLayers(
    parts,
    hasSurroundings(parts) ? surroundingsOf(context, reader) : null,
  )
  const bytes = Buffer.byteLength(joinPrompt(layers) ?? '')
  if (bytes > limits.prompt.bytes) {
    const sizes = layers.map(({ name, text }) => `${name} ${Buffer.byteLength(text)}`).join(', ')
    throw new DroverError(
      'invalid_prompt',
      `prompt: is ${bytes} bytes long, and may be ${limits.prompt.bytes} at most: ${sizes}.`,
      { details: { field: 'prompt', bytes } },
    )
  }
  return layers
}

/** What the next run of an agent is told, and what its present one was. */
export async function reportPrompt(context: DaemonContext, name: string): Promise<PromptReport> {
  const agent = getAgentByName(context, name)
  const layers = await readPromptLayers(context, { agent, spec: context.specs.get(agent.id) })
  return {
    text: joinPrompt(layers),
    layers: layers.map(({ text, ...rest }) => ({ ...rest, bytes: Buffer.byteLength(text) })),
    isLive: agent.run_id !== null,
    running: agent.run_id === null ? null : readIfThere(promptFile(context, agent.id)),
  }
}

/** Where the prompt of an agent's latest run is kept. */
export function promptFile(context: Pick<DaemonContext, 'home'>, agentId: string): string {
  return path.join(agentFolders(context, agentId).state, 'prompt.md')
}

async function readParts(
  { home, config }: PromptContext,
  { spec, folder = spec.dir }: PromptReader,
): Promise<PromptParts> {
  const own = { persona: spec.persona ?? null, append: spec.promptAppend ?? null }
  if (spec.bare) {
    return { ...own, isBare: true, doctrine: null, folder: null, documents: [] }
  }
  const configFolder = path.dirname(home.configFile)
  const places = config.prompt.documents.map((document, index) => ({
    file: path.resolve(configFolder, document),
    what: `config.prompt.documents.${index}`,
    isWanted: true,
  }))
  const [doctrine, local, ...documents] = await Promise.all([
    readPromptFile({ file: home.doctrineFile, what: 'doctrine', isWanted: false }),
    readPromptFile({
      file: path.join(folder, folderDoctrine),
      what: 'doctrine of the folder',
      within: folder,
      isWanted: false,
    }),
    ...places.map(readPromptFile),
  ])
  return {
    ...own,
    isBare: false,
    doctrine,
    folder: local,
    documents: documents.filter((document): document is PromptFile => document !== null),
  }
}

function surroundingsOf(
  { store }: PromptContext,
  { agent, spec }: PromptReader,
): PromptSurroundings {
  const { peers, hidden } = store.agents.listPeers(agent.id, limits.prompt.peers)
  return {
    machine: {
      agent: agent.name,
      host: store.host,
      system: `${platform()} ${arch()}`,
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      dir: spec.dir,
      addDirs: spec.addDirs,
    },
    peers: peers.map(({ name, template, label, capabilities }) => ({
      name,
      template,
      label,
      capabilities: JSON.parse(capabilities ?? '[]') as string[],
    })),
    hiddenPeers: hidden,
  }
}

/** Bytes: more than a prompt can have. */
const longestKept = 2 * limits.prompt.bytes

function readIfThere(file: string): string | null {
  try {
    return readPlainFile(file, longestKept)
  } catch (error) {
    // A program in a container can put anything there: that was not told to it.
    if (isNotPlain(error) || (error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null
    }
    throw error
  }
}
