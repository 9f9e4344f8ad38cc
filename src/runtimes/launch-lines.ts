/** What a shell is to become, told to it in a file. */
export interface LaunchLines {
  argv: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
  /** One line that comes back with the run that was begun by it. */
  note?: string
}

/**
 * The lines that `begin-run.sh` and `holder/become.sh` read, one thing a line, byte for byte: so that
 * nothing of it stands on a command line.
 */
export function encodeLaunchLines({ argv, env, cwd, note }: LaunchLines): string {
  const line = (kind: string, text: string): string => `${kind}${text.replaceAll('\n', '\n+')}\n`
  return [
    ...(note === undefined ? [] : [line('i', note)]),
    line('d', cwd),
    ...Object.entries(env).map(([name, value]) => line('e', `${name}=${value}`)),
    ...argv.map((arg) => line('a', arg)),
    'go\n',
  ].join('')
}
