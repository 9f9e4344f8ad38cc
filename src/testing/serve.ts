/**
 * Runs the scripted model server by hand: `node serve.ts [PORT]`. It prints its address, then one
 * JSON line for each request, keys left out. Ctrl-C ends it.
 */
import { startModelServer } from './model-server.ts'

const port = Number(process.argv[2] ?? 0)
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write('usage: serve [PORT]\n')
  process.exit(2)
}

const server = await startModelServer({
  port,
  log: ({ at, method, path, body }) =>
    process.stdout.write(`${JSON.stringify({ at, method, path, body })}\n`),
})
process.stdout.write(`scripted model server on ${server.url}\n`)
process.once('SIGINT', () => void server.close())
process.once('SIGTERM', () => void server.close())
