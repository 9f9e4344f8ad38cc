import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { LaunchRequest, ProviderLaunch } from '../../contract.ts'
import { extraArguments } from '../../acp/extra-arguments.ts'
import { notesEnvironment } from '../../terminal/notes.ts'
import { prepareOpencode } from '../launch.ts'

const pluginFile = fileURLToPath(
  new URL(`./plugin${path.extname(import.meta.url)}`, import.meta.url),
)

/** Flags of `opencode` that Drover gives itself, or that would leave out what it needs. */
const ownFlags = [
  '--session',
  '-s',
  '--continue',
  '-c',
  '--fork',
  '--prompt',
  '--model',
  '-m',
  '--agent',
  '--pure',
  '--mini',
  '--port',
  '--hostname',
  '--mdns',
  '--mdns-domain',
  '--cors',
  '--help',
  '-h',
  '--version',
  '-v',
]

/** The package that OpenCode wants to bring for plugins. */
const pluginPackage = '@opencode-ai/plugin'

/** argv, config and plugin of OpenCode at a terminal. Errors: those of `prepareOpencode`. */
export function launchOpencodeAtTerminal(request: LaunchRequest): ProviderLaunch {
  const { spec, resume, runFolder } = request
  const { program, folder, isOwn, env, files } = prepareOpencode(request, {
    plugin: [pathToFileURL(pluginFile).href],
  })
  return {
    argv: [
      program,
      ...(resume === null ? [] : ['--session', resume]),
      ...extraArguments(spec.args, ownFlags),
    ],
    env: {
      ...env,
      ...notesEnvironment(runFolder),
      ...(resume === null ? {} : { DROVER_SESSION: resume }),
    },
    files: [...files, ...(isOwn ? packagesOf(path.join(folder, 'config', 'opencode')) : [])],
  }
}

/**
 * Before it loads a plugin it installs a package that plugins may need, from the network, and waits for
 * that. Ours needs none: it finds that what it wants is there. Seen in 1.18.
 */
function packagesOf(folder: string): { path: string; content: string }[] {
  const modules = path.join(folder, 'node_modules')
  if (existsSync(modules)) {
    return []
  }
  const dependencies = { [pluginPackage]: '*' }
  const lock = { lockfileVersion: 3, packages: { '': { dependencies } } }
  return [
    { path: path.join(folder, 'package.json'), content: JSON.stringify({ dependencies }) },
    { path: path.join(folder, 'package-lock.json'), content: JSON.stringify(lock) },
    { path: path.join(modules, '.drover'), content: '' },
  ]
}
