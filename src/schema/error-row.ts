/** What the table says of one code. */
export interface ErrorRow {
  /** HTTP status. */
  status: number
  /** Process exit code of the CLI. */
  exit: number
  /** Whether the same request may succeed later. */
  retryable: boolean
  /** The way out, one sentence for a person. */
  hint: string
}
