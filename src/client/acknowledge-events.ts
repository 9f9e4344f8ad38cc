interface Source<Event> {
  /** The next event; null at the end. */
  next(): Promise<Event | null>
  close(): void
}

/**
 * Events, once: what was given counts as dealt with when the next one is asked for. `acknowledge` is
 * told how many bytes of output were dealt with in all, after every `ackBytes` more. Who leaves closes it.
 */
export async function* acknowledgeEvents<Event extends object>(
  source: Source<Event>,
  ackBytes: number,
  acknowledge: (bytes: number) => void,
): AsyncGenerator<Event, void, undefined> {
  let acknowledged = 0
  let done = 0
  try {
    while (true) {
      const event = await source.next()
      if (!event) {
        return
      }
      yield event
      done += 'bytes' in event && event.bytes instanceof Uint8Array ? event.bytes.length : 0
      if (done - acknowledged >= ackBytes) {
        acknowledged = done
        acknowledge(done)
      }
    }
  } finally {
    source.close()
  }
}
