import type { ImageOrder } from '../../box-images.ts'
import { copyProgram } from './copied-program.ts'
import { imageLabels } from './build-image.ts'
import type { TarEntry } from '../tar/pack-tar.ts'

/** Folder of the context that is copied to `/`. */
const copied = 'root'

/** What every image of agents has: what terminals, worktrees and `docker cp` of people need. */
const tools = ['git', 'tmux']
const packages = [
  ...tools,
  'ca-certificates',
  'curl',
  'less',
  'openssh-client',
  'procps',
  'ripgrep',
]

/** What is sent to the engine for an image of agents. Errors: `unsupported` for what can't be copied. */
export async function planAgentImage(
  order: ImageOrder,
): Promise<{ entries: TarEntry[]; labels: Record<string, string> }> {
  const entries: TarEntry[] = []
  for (const program of order.programs) {
    if (program.kind === 'copy') {
      entries.push(...(await copyProgram(program.provider, program.path)))
    }
  }
  const own = entries.map((entry) => ({ ...entry, name: `${copied}/${entry.name}` }))
  const text = dockerfileOf(order)
  return {
    entries: [{ kind: 'text', name: 'Dockerfile', mode: 0o644, text }, ...own],
    labels: {
      [imageLabels.image]: 'agent',
      [imageLabels.from]: order.from,
      [imageLabels.programs]: order.programs
        .map(({ provider, version }) => `${provider}=${version}`)
        .join(','),
    },
  }
}

/** Nothing in it is of a shell's making but words that were checked: names of packages and versions. */
export function dockerfileOf({ from, programs }: ImageOrder): string {
  const fetched = programs.flatMap((each) =>
    each.kind === 'package' ? [`${each.package}@${each.version}`] : [],
  )
  return [
    `FROM ${from}`,
    'USER root',
    `RUN ${toolsScript}`,
    ...(fetched.length > 0 ? [`RUN ${packagesScript(fetched)}`] : []),
    ...(programs.some((each) => each.kind === 'copy') ? [`COPY ${copied}/ /`] : []),
    '',
  ].join('\n')
}

/** Nothing is fetched where it is there. */
const toolsScript = [
  `: get ${tools.join(' and ')};`,
  'missing=;',
  `for tool in ${tools.join(' ')}; do command -v "$tool" >/dev/null || missing="$missing $tool"; done;`,
  'if [ -z "$missing" ]; then exit 0; fi;',
  'if command -v apt-get >/dev/null; then',
  `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')} && rm -rf /var/lib/apt/lists/*;`,
  `elif command -v apk >/dev/null; then apk add --no-cache ${packages.join(' ')};`,
  'else echo "It lacks$missing, and has neither apt-get nor apk to get them." >&2; exit 1; fi',
].join(' ')

function packagesScript(fetched: readonly string[]): string {
  return [
    `: get ${fetched.join(', ')};`,
    'if ! command -v npm >/dev/null; then',
    'echo "It has no npm: begin with an image that has Node.js, or copy programs of this machine." >&2; exit 1; fi;',
    `npm install -g --no-audit --no-fund --no-update-notifier ${fetched.join(' ')} && npm cache clean --force`,
  ].join(' ')
}

/** The label's text, as it was written. */
export function readPrograms(text = ''): Record<string, string> {
  return Object.fromEntries(
    text
      .split(',')
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}
