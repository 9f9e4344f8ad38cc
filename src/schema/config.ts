import { z } from 'zod'
import { ApprovalWish } from './approval.ts'
import { Environment } from './environment.ts'
import { limits } from './limits.ts'

/** Where a model API is reached. */
const Upstream = z.strictObject({
  /** Base address, http or https. */
  url: z.url({ protocol: /^https?$/ }),
  /** File that holds the key, 0600; read when an agent starts. */
  keyFile: z.string().min(1).optional(),
  /** Model that agents of this upstream use when they name none. */
  model: z.string().min(1).optional(),
})
export type Upstream = z.infer<typeof Upstream>

/** `config.yaml`. Unknown keys are errors: a typing mistake must not be silence. */
export const Config = z.strictObject({
  /** Loopback TCP port; 0 takes any free one. Left out: 7717, or a free one where that is taken. */
  port: z.number().int().min(0).max(65_535).optional(),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') })
    .prefault({}),
  /** Environment of every agent. */
  env: Environment.default({}),
  /** Names of host variables that agents also get, besides the built-in list. */
  passEnv: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).default([]),
  /** Where providers' programs are, when they are not on PATH. */
  providers: z
    .partialRecord(z.string(), z.strictObject({ path: z.string().min(1).optional() }))
    .default({}),
  prompt: z
    .strictObject({
      /** Files that every agent is told that starts with a prompt; relative ones beside config.yaml. */
      documents: z.array(z.string().min(1)).max(limits.prompt.documents).default([]),
    })
    .prefault({}),
  /** Approval policies that agents name. */
  policies: z
    .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/), ApprovalWish)
    .default({}),
  gateway: z
    .strictObject({
      upstreams: z
        .strictObject({
          anthropic: Upstream.optional(),
          openai: Upstream.optional(),
          gemini: Upstream.optional(),
          ollama: Upstream.optional(),
        })
        .prefault({}),
      /** Port of the agents' door for which an administrator made the rules of the firewall; left out: the daemon makes its own. */
      preparedPort: z.number().int().min(1024).max(65_535).optional(),
    })
    .prefault({}),
  restart: z
    .strictObject({
      /** A program that died comes back after a random time of at most this, doubled with each death, ms. */
      backoffMs: z.number().int().min(1).default(1000),
      /** Longest such time, ms. */
      backoffMostMs: z.number().int().min(1).default(60_000),
      /** A run that lived this long was healthy: counting begins anew, ms. */
      healthyMs: z.number().int().min(1).default(300_000),
      /** So many deaths within `windowMs` are a crash loop: the agent is `failed`. */
      deaths: z.number().int().min(1).max(100).default(3),
      windowMs: z.number().int().min(1).default(300_000),
    })
    .prefault({}),
  admission: z
    .strictObject({
      /** A start waits while the machine has less memory available than this, bytes. */
      freeBytes: z
        .number()
        .int()
        .min(0)
        .default(512 * 1024 ** 2),
      /** A start waits while this share of the last ten seconds was lost to waiting for memory, percent. */
      memoryPressure: z.number().min(0).max(100).default(20),
      /** The same for processors. Where the kernel does not tell, load per processor above 4 counts. */
      cpuPressure: z.number().min(0).max(100).default(95),
      /** Starts at the same time; left out: twice the processors, at least 4. */
      starts: z.number().int().min(1).optional(),
      /** A start that waited so long fails, ms. */
      maxWaitMs: z.number().int().min(0).default(600_000),
      /** Ephemeral agents at work at the same time; others queue. */
      ephemeral: z.number().int().min(1).default(4),
    })
    .prefault({}),
  retention: z
    .strictObject({
      /** Output files of one agent, bytes; the oldest finished runs go first. */
      agentBytes: z
        .number()
        .int()
        .min(1024 * 1024)
        .default(1024 ** 3),
      /** Output files of all agents together, bytes. */
      totalBytes: z
        .number()
        .int()
        .min(1024 * 1024)
        .default(20 * 1024 ** 3),
      /** Database, bytes in use; the oldest events go first. */
      eventBytes: z
        .number()
        .int()
        .min(1024 * 1024)
        .default(2 * 1024 ** 3),
      /** Events kept, count; the oldest go first. */
      events: z.number().int().min(10_000).default(5_000_000),
      /** Costs by day, agent and model are kept for so long, days. */
      costDays: z.number().int().min(1).max(36_500).default(400),
    })
    .prefault({}),
})
export type Config = z.infer<typeof Config>
