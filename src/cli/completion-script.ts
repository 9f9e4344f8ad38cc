/** What a shell needs to know of one command. */
export interface CompletionNode {
  name: string
  description: string
  options: { names: string[]; description: string; takesValue: boolean }[]
  /** Fixed words after it: subcommands, choices. */
  words: string[]
  /** What its first argument names, or that of its subcommands, asked of Drover when needed. */
  argument: AskedName | null
  /** Which word of the line that is; the command itself is the first. */
  argumentAt: 2 | 3
}

/** Names that `drover completion` prints. */
export const askedNames = ['agents', 'templates', 'schedules', 'approvals'] as const
export type AskedName = (typeof askedNames)[number]

/** The completion script of one shell, made from the command tree. */
export function formatCompletionScript(
  shell: 'bash' | 'zsh' | 'fish',
  tree: readonly CompletionNode[],
): string {
  return { bash: formatBash, zsh: formatZsh, fish: formatFish }[shell](tree)
}

function formatBash(tree: readonly CompletionNode[]): string {
  return `# bash completion for drover
_drover() {
  local current=\${COMP_WORDS[COMP_CWORD]} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${tree.map(({ name }) => name).join(' ')} --help --version'
  else
    case \${COMP_WORDS[1]} in
${tree.map((node) => `      ${node.name}) words=${shellWords(node)} ;;`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _drover drover
`
}

/** Fixed words, options, and names asked for only while they are typed. */
function shellWords({ words, options, argument, argumentAt }: CompletionNode): string {
  const fixed = [...words, ...options.flatMap(({ names }) => names)].join(' ')
  const asked = argument
    ? `$([ "$COMP_CWORD" -eq ${argumentAt} ] && drover completion ${argument} 2>/dev/null) `
    : ''
  return `"${asked}${fixed}"`
}

function formatZsh(tree: readonly CompletionNode[]): string {
  return `#compdef drover
_drover() {
  local -a found
  if (( CURRENT == 2 )); then
    found=(
${tree.map(({ name, description }) => `      ${zshItem(name, description)}`).join('\n')}
    )
    _describe command found
    return
  fi
  case $words[2] in
${tree.map(formatZshCase).join('\n')}
  esac
}
compdef _drover drover
`
}

function formatZshCase(node: CompletionNode): string {
  const { name, options, words, argument, argumentAt } = node
  const items = [
    ...words.map(zshQuote),
    ...options.flatMap(({ names, description }) => names.map((flag) => zshItem(flag, description))),
  ]
  const asked = argument
    ? `\n      (( CURRENT == ${argumentAt + 1} )) && found+=(\${(f)"$(drover completion ${argument} 2>/dev/null)"})`
    : ''
  return `    ${name})
      found=(${items.join(' ')})${asked}
      _describe ${name} found
      _files
      ;;`
}

function zshItem(name: string, description: string): string {
  return zshQuote(`${name.replaceAll(':', '\\:')}:${description}`)
}

function zshQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function formatFish(tree: readonly CompletionNode[]): string {
  const lines = tree.flatMap(({ name, description, options, words, argument }) => {
    const here = `complete -c drover -n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c drover -n __fish_use_subcommand -f -a ${name} -d ${fishQuote(description)}`,
      ...(words.length > 0 ? [`${here} -f -a ${fishQuote(words.join(' '))}`] : []),
      ...(argument ? [`${here} -a '(drover completion ${argument} 2>/dev/null)'`] : []),
      ...options.map(({ names, description: what, takesValue }) => {
        const flags = names.map((flag) =>
          flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        )
        return `${here} ${flags.join(' ')}${takesValue ? ' -r' : ''} -d ${fishQuote(what)}`
      }),
    ]
  })
  return `# fish completion for drover\n${lines.join('\n')}\n`
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
