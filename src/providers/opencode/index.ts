import path from 'node:path'
import { createAcpDecoder } from '../acp/decoder.ts'
import { acpCapabilities, acpParts } from '../acp/provider-parts.ts'
import type { Detection, Login, LoginRequest, Provider, ProviderContext } from '../contract.ts'
import { detectProgram } from '../detect-program.ts'
import { readJsonFile } from '../read-json-file.ts'
import { opencodeDialect } from './dialect.ts'
import {
  findOpencode,
  installHint,
  launchOpencode,
  opencodeFolder,
  quietEnvironment,
} from './launch.ts'
import { OpencodeOptions } from './options.ts'
import { opencodeAtTerminal } from './terminal/speech.ts'

const loginHint =
  'Set gateway.upstreams.openai (url, keyFile, model) in config.yaml, or log in with `opencode auth login` into a folder and name it in options.configDir.'

// Its models are those of the config that it reads at its start.
const capabilities = { ...acpCapabilities, terminal: true, reload: [] }

/** OpenCode, over the Agent Client Protocol; at a terminal, as people use it. */
export const opencodeProvider: Provider = {
  ...acpParts,
  name: 'opencode',
  title: 'OpenCode',
  capabilities,
  terminal: opencodeAtTerminal(capabilities),
  options: OpencodeOptions,
  unsupported: ['trigger', 'program'],
  honours: ['profile', 'args'],
  askMs: 5000,
  installation: { program: 'opencode', package: 'opencode-ai' },
  tested: { from: '1.18.33', to: '1.18.33' },
  detect: detectOpencode,
  login: opencodeLogin,
  loginHint,
  launch: async (request) => launchOpencode(request),
  createDecoder: (state, spec) => createAcpDecoder(state, opencodeDialect(spec)),
}

/** `unknown` without an account, not `no`: it has models of its own that need none. */
function opencodeLogin({
  upstreams,
  options,
  stateFolder,
}: Pick<LoginRequest, 'upstreams' | 'options' | 'stateFolder'>): Login {
  if (upstreams.openai) {
    return 'yes'
  }
  const known = OpencodeOptions.safeParse(options)
  if (!known.success || (stateFolder === null && known.data.configDir === undefined)) {
    return 'unknown'
  }
  const folder = opencodeFolder(stateFolder ?? '', known.data)
  const accounts = readJsonFile(path.join(folder, 'data', 'opencode', 'auth.json'))
  return accounts && Object.keys(accounts).length > 0 ? 'yes' : 'unknown'
}

async function detectOpencode(context: ProviderContext): Promise<Detection> {
  const wanted = {
    program: findOpencode(context),
    versionArguments: ['--version'],
    env: quietEnvironment,
    installHint,
    login: opencodeLogin({ ...context, options: {}, stateFolder: null }),
    loginHint,
  }
  return await detectProgram(wanted, context)
}
