import { z } from 'zod'
import { defaultImage, ImageName } from './container.ts'
import { limits } from './limits.ts'

/** What an image is made from where nothing else is said: small, with Node.js and Debian's packages. */
const defaultBase = 'node:24-bookworm-slim'

/** A provider, and the version of its program: `claude`, `claude@2.1.329`, `codex@latest`. */
export const WantedProgram = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,40}(@[A-Za-z0-9][A-Za-z0-9.+-]{0,60})?$/,
    'is no provider, such as claude or claude@2.1.329',
  )

/** Body of `POST /v1/images`. */
export const ImageRequest = z.strictObject({
  /** Providers whose programs are to be in it; a version left out is the newest that was tested. */
  with: z.array(WantedProgram).max(limits.words).default([]),
  /** What it is made from; fetched where it is not there. */
  from: ImageName.default(defaultBase),
  /** What it is called. */
  tag: ImageName.default(defaultImage),
  /** The programs of this machine are copied; left out: they are fetched from their registry. */
  copy: z.boolean().default(false),
})
export type ImageRequest = z.infer<typeof ImageRequest>
export type ImageRequestInput = z.input<typeof ImageRequest>

/** An image that Drover made. */
export const Image = z.object({
  /** `sha256:…` */
  id: z.string(),
  /** Empty where another has its name now. */
  names: z.array(z.string()),
  /** `agent`: made by `drover image build`; `project`: of a project's Dockerfile. */
  purpose: z.enum(['agent', 'project']),
  /** What it was made from; null where that is not on record. */
  from: z.string().nullable(),
  /** Providers whose programs it has, with their versions. */
  programs: z.record(z.string(), z.string()),
  sizeBytes: z.number(),
  /** Unix ms. */
  createdAt: z.number(),
  /** Names of agents that use it; of agents of another home their ids. */
  agents: z.array(z.string()),
})
export type Image = z.infer<typeof Image>

/** A line of the answer to `POST /v1/images`. The last one has the image or the problem. */
export const ImageLine = z.union([
  z.object({ text: z.string() }),
  z.object({ image: Image }),
  z.object({ problem: z.looseObject({ code: z.string(), detail: z.string() }) }),
])
export type ImageLine = z.infer<typeof ImageLine>

export const ImageQuery = z.object({ name: ImageName })
export const PruneImagesRequest = z.strictObject({ dryRun: z.boolean().default(false) })
