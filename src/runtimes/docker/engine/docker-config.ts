import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'

export interface UserPlace {
  env: Readonly<Record<string, string | undefined>>
  /** The user's home folder. */
  home: string
}

/** Where Docker's command line keeps what is the user's: logins, contexts, keys. */
export function dockerFolder({ env, home }: UserPlace): string {
  return env['DOCKER_CONFIG'] || path.join(home, '.docker')
}

const DockerConfig = z.object({
  currentContext: z.string().optional(),
  auths: z
    .record(
      z.string(),
      z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }),
    )
    .optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
})
export type DockerConfig = z.infer<typeof DockerConfig>

/** What the user has told Docker's command line; nothing where its file is not there, or is broken. */
export async function readDockerConfig(place: UserPlace): Promise<DockerConfig> {
  return (await readJson(path.join(dockerFolder(place), 'config.json'), DockerConfig)) ?? {}
}

/** What the file says; null where there is none, or none that can be understood. */
export async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return null
  }
}
