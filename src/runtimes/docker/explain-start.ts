import { DroverError } from '../../schema/error.ts'

/** A start's error, where an engine's own words leave a person to guess. */
export function explainStart(
  error: unknown,
  { image, user }: { image: string; user: string | null },
): unknown {
  if (!(error instanceof DroverError)) {
    return error
  }
  if (/unable to find (user|group)|no matching entries in (passwd|group)/i.test(error.message)) {
    return new DroverError(
      'unsupported',
      `container.user: the image ${image} has no user ${user}.`,
      {
        details: { field: 'container.user', user },
        cause: error,
      },
    )
  }
  if (error.code === 'program_not_found') {
    const text = `container.image: ${image} has no /bin/sh, which Drover needs there.`
    return new DroverError('unsupported', text, {
      details: { field: 'container.image', image },
      cause: error,
    })
  }
  if (error.code === 'name_taken') {
    const text = `${error.message.replace(/\.$/, '')}: it is somebody else's, and stays. Rename or remove it.`
    return new DroverError('start_failed', text, { cause: error })
  }
  return error
}
