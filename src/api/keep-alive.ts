import type { WebSocket } from 'ws'

/** Both ends see by a ping now and then that the other one lives, ms. */
const usualPingMs = 20_000

/** So many pings in a row without any word: they are gone. */
const mostUnanswered = 3

/** Ends a connection whose other end says nothing any more. */
export function keepAlive(socket: WebSocket, pingMs = usualPingMs): void {
  let unanswered = 0
  const hear = (): void => {
    unanswered = 0
  }
  socket.on('pong', hear)
  socket.on('message', hear)
  const timer = setInterval(() => {
    if (unanswered++ < mostUnanswered) {
      socket.ping()
    } else {
      socket.terminate()
    }
  }, pingMs)
  socket.once('close', () => clearInterval(timer))
}
