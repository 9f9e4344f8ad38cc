import { waitUntil } from '../../src/util/wait.ts'

/** Waits for a condition; a test that waits in vain fails with what it waited for. */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 15_000,
): Promise<void> {
  if (!(await waitUntil(condition, { deadlineMs }))) {
    throw new Error(`Waited ${deadlineMs} ms in vain for: ${what}`)
  }
}
