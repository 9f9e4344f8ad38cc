import { startServer } from './api/server.ts'
import { buildEnvironment } from './core/environment.ts'
import { checkMachine, Daemon, faultPoint, loadConfig, Prices } from './daemon/index.ts'
import { acpProvider } from './providers/acp/index.ts'
import { chatProvider } from './providers/chat/index.ts'
import { claudeProvider } from './providers/claude/index.ts'
import { codexProvider } from './providers/codex/index.ts'
import { commandProvider } from './providers/command/index.ts'
import { ndjsonProvider } from './providers/ndjson/index.ts'
import type { Provider } from './providers/contract.ts'
import { geminiProvider } from './providers/gemini/index.ts'
import { opencodeProvider } from './providers/opencode/index.ts'
import type { Runtime } from './runtimes/contract.ts'
import { DockerRuntime } from './runtimes/docker/index.ts'
import { LaunchdRuntime } from './runtimes/launchd/index.ts'
import { ProcessRuntime } from './runtimes/process/index.ts'
import { SystemdRuntime } from './runtimes/systemd/index.ts'
import { TmuxRuntime } from './runtimes/tmux/index.ts'
import type { DaemonStatus, DoctorReport } from './schema/reports.ts'
import type { Home } from './util/home.ts'

export interface RootOptions {
  home: Home
  env: Readonly<Record<string, string | undefined>>
  version: string
  moveAsideCorrupt?: boolean
}

/** A daemon at work, with its doors open. */
export interface RunningDaemon {
  status: () => DaemonStatus
  /** Resolves when it has ended, whoever asked for it. */
  closed: Promise<void>
  /** Ends it; agents go on. */
  stop(): Promise<void>
}

/** Every provider, by name. */
export const listProviders = (): Provider[] => [
  acpProvider,
  chatProvider,
  claudeProvider,
  codexProvider,
  commandProvider,
  geminiProvider,
  ndjsonProvider,
  opencodeProvider,
]
const runtimes = ({ home, env }: Pick<RootOptions, 'home' | 'env'>): Runtime[] => [
  new ProcessRuntime({ onGroupMade: () => faultPoint('group-made') }),
  new SystemdRuntime(),
  new LaunchdRuntime(),
  new TmuxRuntime({
    socket: home.tmuxSocketFile,
    onGroupMade: () => faultPoint('group-made'),
  }),
  new DockerRuntime({
    env,
    usedFile: home.dockerUsedFile,
    onMade: () => faultPoint('box-made'),
    rulesFile: home.doorRulesFile,
    onWallStep: (step) => faultPoint(step),
  }),
]

/**
 * Puts the parts together: the one place that knows every provider and runtime. The doors open at
 * once; it resolves when every run of before is taken up.
 */
export async function startDaemon({
  home,
  env,
  version,
  moveAsideCorrupt = false,
}: RootOptions): Promise<RunningDaemon> {
  const daemon = Daemon.open({
    home,
    env,
    version,
    providers: listProviders(),
    runtimes: runtimes({ home, env }),
    moveAsideCorrupt,
  })
  const closed = Promise.withResolvers<void>()
  let ending: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    ending ??= (async () => {
      await server.close()
      await daemon.stop()
      closed.resolve()
    })()
    return await ending
  }
  const server = await startServer({ daemon, onShutdown: () => void stop() }).catch(
    async (error: unknown) => {
      await daemon.stop()
      throw error
    },
  )
  await daemon.ready.catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return { status: () => ({ ...daemon.status(), ...server.address }), closed: closed.promise, stop }
}

/** What is usable here, without a daemon. */
export async function localDoctor({ home, env, version }: RootOptions): Promise<DoctorReport> {
  const config = loadConfig(home.configFile)
  const used = runtimes({ home, env })
  const checks = await checkMachine({
    home,
    config,
    baseEnvironment: buildEnvironment({
      host: env,
      passEnv: config.passEnv,
      layers: [config.env],
    }),
    providers: byName(listProviders()),
    runtimes: byName(used),
    prices: new Prices(home.pricesFile, () => undefined),
    signal: AbortSignal.timeout(20_000),
  })
  used.forEach((runtime) => runtime.close?.())
  return { version, checks }
}

function byName<T extends { name: string }>(each: readonly T[]): Map<string, T> {
  return new Map(each.map((one) => [one.name, one]))
}
