import { z } from 'zod'

/** What a container may use at most; null: as much as there is. */
export interface ContainerBounds {
  memoryBytes: number | null
  cpus: number | null
  pids: number | null
}

/** What became of a container, as its engine tells it. */
export interface ContainerState {
  id: string
  name: string
  labels: Readonly<Record<string, string>>
  /** Id of the image it was made of: `sha256:…`. */
  imageId: string
  isRunning: boolean
  isPaused: boolean
  /** Of its first process, as the engine's machine has it; null while it does not run. */
  pid: number | null
  /** As the engine writes it; with the id it names one life of the container. Null before the first. */
  startedAt: string | null
  /** As the engine writes it; null before its first end. */
  finishedAt: string | null
  /** How it ended last; null while it runs and before the first time. */
  exitCode: number | null
  isOomKilled: boolean
  /** Why it could not be started; null where nothing went wrong. */
  error: string | null
  env: readonly string[]
  /** As it was given; empty: the image's. */
  user: string
  workingDir: string
  isTty: boolean
  mounts: readonly { source: string; target: string; isReadOnly: boolean }[]
  limits: ContainerBounds
  /** Name of each network → its address there; empty while it has none. */
  networks: Readonly<Record<string, string>>
}

export const ContainerAnswer = z.object({
  Id: z.string(),
  Name: z.string().default(''),
  Image: z.string().default(''),
  State: z.object({
    Status: z.string().default(''),
    Running: z.boolean(),
    Paused: z.boolean().default(false),
    Pid: z.number().default(0),
    StartedAt: z.string().default(''),
    FinishedAt: z.string().default(''),
    ExitCode: z.number().default(0),
    OOMKilled: z.boolean().default(false),
    Error: z.string().default(''),
  }),
  Config: z.object({
    Labels: z.record(z.string(), z.string()).nullish(),
    Env: z.array(z.string()).nullish(),
    User: z.string().default(''),
    WorkingDir: z.string().default(''),
    Tty: z.boolean().default(false),
  }),
  Mounts: z
    .array(
      z.object({
        Source: z.string().default(''),
        Destination: z.string(),
        RW: z.boolean().default(true),
      }),
    )
    .nullish(),
  HostConfig: z
    .object({
      Memory: z.number().default(0),
      NanoCpus: z.number().default(0),
      PidsLimit: z.number().nullish(),
    })
    .nullish(),
  NetworkSettings: z
    .object({
      Networks: z.record(z.string(), z.object({ IPAddress: z.string().default('') })).nullish(),
    })
    .nullish(),
})

export function readContainer(answer: z.infer<typeof ContainerAnswer>): ContainerState {
  const { State: state, Config: config } = answer
  const startedAt = timeOf(state.StartedAt)
  // Podman says of a paused one that it does not run.
  const isPaused = state.Paused || state.Status === 'paused'
  const isRunning = state.Running || isPaused
  return {
    id: answer.Id,
    name: answer.Name.replace(/^\//, ''),
    labels: config.Labels ?? {},
    imageId: answer.Image,
    isRunning,
    isPaused,
    pid: isRunning && state.Pid > 0 ? state.Pid : null,
    startedAt,
    finishedAt: timeOf(state.FinishedAt),
    exitCode: isRunning || startedAt === null ? null : state.ExitCode,
    isOomKilled: state.OOMKilled,
    error: state.Error || null,
    env: config.Env ?? [],
    user: config.User,
    workingDir: config.WorkingDir,
    isTty: config.Tty,
    mounts: (answer.Mounts ?? []).map((mount) => ({
      source: mount.Source,
      target: mount.Destination,
      isReadOnly: !mount.RW,
    })),
    limits: {
      memoryBytes: positive(answer.HostConfig?.Memory),
      cpus: positive((answer.HostConfig?.NanoCpus ?? 0) / 1e9),
      pids: positive(answer.HostConfig?.PidsLimit),
    },
    networks: Object.fromEntries(
      Object.entries(answer.NetworkSettings?.Networks ?? {}).map(([name, { IPAddress }]) => [
        name,
        IPAddress,
      ]),
    ),
  }
}

function positive(number: number | null | undefined): number | null {
  return number && number > 0 ? number : null
}

/** Go's zero time stands for none. */
function timeOf(text: string): string | null {
  return text === '' || text.startsWith('0001-') ? null : text
}
