import { z } from 'zod'
import { limits } from './limits.ts'

const noNul = (text: string): boolean => !text.includes('\0')
const Text = z.string().min(1).max(4096).refine(noNul, 'contains NUL')

/** An absolute, plain path inside of a container: no `.`, `..`, or double slash. */
export const InnerPath = Text.refine(
  (text) => /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/.test(text),
  'is no plain absolute path, such as /data',
)

/** Source: reference of images, as `docker pull` takes it; the engine has the last word. */
export const ImageName = Text.max(300).refine(
  (text) => /^[A-Za-z0-9][\w.\-/:@]*$/.test(text),
  'is no name of an image',
)

/** The image of an agent that names none: what `drover image build` makes. */
export const defaultImage = 'drover-agent'

/** Something of this machine, or a volume of the engine, that is seen inside. */
export const Mount = z.strictObject({
  /** A folder or file of this machine, absolute, real; left out where `volume` is given. */
  source: Text.optional(),
  /** A volume of the engine, by name; made where there is none. */
  volume: Text.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]+$/, 'is no name of a volume').optional(),
  /** Where it is seen inside; left out: a source where it is outside. */
  target: InnerPath.optional(),
  isReadOnly: z.boolean().default(false),
})
export type Mount = z.infer<typeof Mount>

/** An image that is made from a project's own Dockerfile. */
export const ImageBuild = z.strictObject({
  /** Folder that is sent to the engine, absolute. */
  context: Text,
  /** Inside of the context; left out: `Dockerfile`. */
  dockerfile: Text.optional(),
  /** Stage of it; left out: the last one. */
  target: Text.max(200).optional(),
})
export type ImageBuild = z.infer<typeof ImageBuild>

/** A service of a Compose file: the agent's container is made as that says. */
export const ComposeService = z.strictObject({
  /** The Compose file, absolute. */
  file: Text,
  service: Text.max(200),
})
export type ComposeService = z.infer<typeof ComposeService>

/** Each field as it may be given. */
const fields = {
  /** An image by name; its own container is made from it. */
  image: ImageName,
  build: ImageBuild,
  compose: ComposeService,
  /** A container that is there already and not ours: the agent works in it beside others. */
  name: Text.max(200).regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'is no name of a container'),
  /** Folder inside that it works in, where the container is there already; left out: where that shows `dir`. */
  workdir: InnerPath,
  /** `name`, `uid` or `uid:gid`; left out: who owns the folder it works in, else as the image says. */
  user: Text.max(100).regex(
    /^[A-Za-z0-9_][\w.-]*(:[A-Za-z0-9_][\w.-]*)?$/,
    'is no user, such as node or 1000:1000',
  ),
  /** HOME inside; left out: a folder of the agent's own, kept with it. */
  home: InnerPath,
  mounts: z.array(Mount).max(limits.words),
  /** A file of NAME=VALUE lines inside, read before its program starts; the agent's own values win. */
  envFile: InnerPath,
  /** The image's files can't be changed; what is mounted can. */
  readOnly: z.boolean(),
  /** Folders inside that are in memory and empty at each start. */
  tmpfs: z.array(InnerPath).max(limits.words),
  /** Capabilities of Linux, such as `NET_BIND_SERVICE`; left out: none. */
  capAdd: z
    .array(z.string().regex(/^[A-Z][A-Z_]{1,40}$/, 'is no capability, such as CHOWN'))
    .max(limits.words),
  /** Programs may gain rights that they did not start with, as by `sudo`. */
  newPrivileges: z.boolean(),
  /** The engine's own socket is seen inside: whoever has it is root of this machine. */
  engineSocket: z.boolean(),
  /** Its program is at a terminal, which takes tmux inside; else it has pipes, as it is made for programs. */
  terminal: z.boolean(),
} as const

/** What container an agent has, or is in. One of `image`, `build`, `compose`, `name` says which. */
export const Container = z.strictObject({
  image: fields.image.optional(),
  build: fields.build.optional(),
  compose: fields.compose.optional(),
  name: fields.name.optional(),
  workdir: fields.workdir.optional(),
  user: fields.user.optional(),
  home: fields.home.optional(),
  mounts: fields.mounts.default([]),
  envFile: fields.envFile.optional(),
  readOnly: fields.readOnly.default(false),
  tmpfs: fields.tmpfs.default([]),
  capAdd: fields.capAdd.default([]),
  newPrivileges: fields.newPrivileges.default(false),
  engineSocket: fields.engineSocket.default(false),
  terminal: fields.terminal.optional(),
})
export type Container = z.infer<typeof Container>

/** What a template or a request says of it: a field of the request comes before the template's. */
export const ContainerWish = z.strictObject(fields).partial()
export type ContainerWish = z.infer<typeof ContainerWish>

/** The fields that say which container it is. */
export const containerKinds = ['image', 'build', 'compose', 'name'] as const
