/** What a container is made of, in the words of the engine's API; only what Drover uses. */
export interface CreateBody {
  Image: string
  Entrypoint?: readonly string[]
  Cmd?: readonly string[]
  /** `NAME=value` */
  Env?: readonly string[]
  User?: string
  WorkingDir?: string
  Hostname?: string
  Labels?: Readonly<Record<string, string>>
  Tty?: boolean
  OpenStdin?: boolean
  StopSignal?: string
  StopTimeout?: number
  Healthcheck?: { Test: readonly string[] }
  HostConfig?: HostConfig
  NetworkingConfig?: { EndpointsConfig: Readonly<Record<string, EndpointSettings>> }
}

export interface EndpointSettings {
  Aliases?: readonly string[]
}

export interface HostConfig {
  Mounts?: readonly BodyMount[]
  Tmpfs?: Readonly<Record<string, string>>
  ReadonlyRootfs?: boolean
  /** A network's name, `none`, `host` or `container:ID`. */
  NetworkMode?: string
  ExtraHosts?: readonly string[]
  Dns?: readonly string[]
  DnsSearch?: readonly string[]
  CapDrop?: readonly string[]
  CapAdd?: readonly string[]
  SecurityOpt?: readonly string[]
  Init?: boolean
  UsernsMode?: string
  CgroupnsMode?: 'private' | 'host'
  IpcMode?: string
  ShmSize?: number
  RestartPolicy?: { Name: 'no' | 'always' | 'unless-stopped' | 'on-failure' }
  LogConfig?: { Type: string; Config?: Readonly<Record<string, string>> }
  Ulimits?: readonly { Name: string; Soft: number; Hard: number }[]
  OomScoreAdj?: number
  /** bytes */
  Memory?: number
  /** Memory and swap together, bytes; -1: as much swap as there is. */
  MemorySwap?: number
  /** Billionths of a processor. */
  NanoCpus?: number
  PidsLimit?: number
  /** As `{size: '10G'}`, where the storage can. */
  StorageOpt?: Readonly<Record<string, string>>
}

export interface BodyMount {
  Type: 'bind' | 'volume' | 'tmpfs'
  /** Absolute path here, or a volume's name. */
  Source?: string
  /** Absolute path inside. */
  Target: string
  ReadOnly?: boolean
  BindOptions?: { Propagation?: string; NonRecursive?: boolean }
  TmpfsOptions?: { SizeBytes?: number; Mode?: number }
  VolumeOptions?: { Labels?: Readonly<Record<string, string>> }
}

/** New limits of a container that is there; what is left out stays. */
export interface ContainerLimits {
  memoryBytes?: number
  /** Memory and swap together, bytes; -1: as much swap as there is. */
  memorySwapBytes?: number
  cpus?: number
  /** -1: as many as the machine can have. */
  pids?: number
}
