import { existsSync } from 'node:fs'
import path from 'node:path'
import { createAcpDecoder } from '../acp/decoder.ts'
import { acpCapabilities, acpParts } from '../acp/provider-parts.ts'
import type { Detection, Login, LoginRequest, Provider, ProviderContext } from '../contract.ts'
import { detectProgram } from '../detect-program.ts'
import { readJsonFile } from '../read-json-file.ts'
import { geminiDialect } from './dialect.ts'
import { findGemini, geminiHome, installHint, launchGemini } from './launch.ts'
import { GeminiOptions } from './options.ts'
import { geminiAtTerminal } from './terminal/speech.ts'

const loginHint =
  'Set gateway.upstreams.gemini (url, keyFile) in config.yaml, or log in with `GEMINI_CLI_HOME=FOLDER gemini` and name the folder in options.configDir.'

/** Variables that choose a service of Google's with a login of its own. */
const services = ['GOOGLE_API_KEY', 'GOOGLE_CLOUD_PROJECT', 'GOOGLE_GENAI_USE_VERTEXAI']

const capabilities = { ...acpCapabilities, terminal: true, fork: false }

/** Gemini CLI, over the Agent Client Protocol; at a terminal, as people use it. */
export const geminiProvider: Provider = {
  ...acpParts,
  name: 'gemini',
  title: 'Gemini CLI',
  capabilities,
  terminal: geminiAtTerminal(capabilities),
  options: GeminiOptions,
  unsupported: ['trigger', 'program'],
  honours: ['addDirs', 'args'],
  askMs: 5000,
  installation: { program: 'gemini', package: '@google/gemini-cli' },
  tested: { from: '0.61.0', to: '0.61.0' },
  detect: detectGemini,
  login: geminiLogin,
  loginHint,
  launch: async (request) => launchGemini(request),
  createDecoder: (state, spec) => createAcpDecoder(state, geminiDialect(spec)),
}

/** An endpoint of config, or an account in the folder that is named. Nothing of the user's own is used unasked. */
function geminiLogin({
  env,
  upstreams,
  options,
  stateFolder,
}: Pick<LoginRequest, 'env' | 'upstreams' | 'options' | 'stateFolder'>): Login {
  if (upstreams.gemini) {
    return 'yes'
  }
  if (services.some((name) => env[name])) {
    return 'unknown'
  }
  const known = GeminiOptions.safeParse(options)
  if (!known.success || (stateFolder === null && known.data.configDir === undefined)) {
    return 'no'
  }
  const folder = path.join(geminiHome(stateFolder ?? '', known.data), '.gemini')
  if (existsSync(path.join(folder, 'oauth_creds.json'))) {
    return 'yes'
  }
  // A key in its `.env`, Vertex AI, or the system's key chain: only the program itself can tell.
  const hasOther =
    existsSync(path.join(folder, '.env')) || readJsonFile(path.join(folder, 'settings.json'))
  return hasOther && known.data.configDir !== undefined ? 'unknown' : 'no'
}

async function detectGemini(context: ProviderContext): Promise<Detection> {
  const wanted = {
    program: findGemini(context),
    versionArguments: ['--version'],
    env: { GEMINI_CLI_NO_RELAUNCH: 'true' },
    installHint,
    login: geminiLogin({ ...context, options: {}, stateFolder: null }),
    loginHint,
  }
  return await detectProgram(wanted, context)
}
