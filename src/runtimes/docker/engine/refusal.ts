import { DroverError, type ErrorCode } from '../../../schema/error.ts'

/** What an engine answered instead of doing it. */
export interface Refusal {
  /** HTTP status; 0 where it came in the middle of a stream. */
  status: number
  message: string
}

interface Rule {
  code: ErrorCode
  status?: number
  text: RegExp
}

/** First match counts. The texts are those of Docker 20.10 to 28 and of Podman 4 and 5. */
const rules: readonly Rule[] = [
  { code: 'disk_full', text: /no space left on device|disk quota exceeded/i },
  {
    code: 'image_unfit',
    text: /no matching manifest|exec format error|does not match the (specified|expected) platform|no image found in (manifest list|image index) for/i,
  },
  {
    code: 'image_not_found',
    text: /no such image|image not known|manifest( for .*)? (unknown|not found)|manifest unknown|pull access denied|repository .*not found|requested access to the resource is denied|unauthorized/i,
  },
  { code: 'container_not_found', status: 404, text: /no such (container|exec)|no container with/i },
  {
    code: 'program_not_found',
    text: /executable file .*not found|exec: .*no such file or directory|crun: .*no such file/i,
  },
  { code: 'name_taken', status: 409, text: /already in use/i },
]

/** The error for it: its own words, and a code that says what to do. */
export function explainRefusal({ status, message }: Refusal): DroverError {
  const said = oneLine(message) || `it answered with HTTP ${status} and no word`
  const rule = rules.find(
    (each) => (each.status === undefined || each.status === status) && each.text.test(message),
  )
  const usual = status >= 400 && status < 500 ? 'engine_refused' : 'engine_failed'
  const code = rule?.code ?? usual
  return new DroverError(code, `The engine says: ${said}`, {
    details: { status },
    // What is told by the machine's own codes, too, so that it counts as a shortage of the machine.
    ...(code === 'disk_full' ? { cause: Object.assign(new Error(said), { code: 'ENOSPC' }) } : {}),
  })
}

const fetchFailure =
  /dial tcp|no such host|i\/o timeout|TLS handshake|Client\.Timeout|connection (refused|reset)|request canceled|network is unreachable|pinging container registry/i

/** The error of what fetches images, where it may be a registry that failed. */
export function explainFetch(error: unknown): unknown {
  const isOther = !(error instanceof DroverError) || !/^engine_(refused|failed)$/.test(error.code)
  if (isOther || !fetchFailure.test(error.message)) {
    return error
  }
  const text = `The registry can't be reached. ${error.message}`
  return new DroverError('registry_unreachable', text, { details: error.details })
}

/** It is not there: what was asked for is gone, or never was. */
export function isMissing(error: unknown): boolean {
  return hasStatus(error, 404)
}

/** It answered with this HTTP status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof DroverError && error.details['status'] === status
}

/** An engine wraps the same words several times, over several lines. */
function oneLine(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim()
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line
}

const longestText = 500
