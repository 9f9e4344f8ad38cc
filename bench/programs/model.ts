/** The scripted model server in a process of its own. Prints its address. usage: model MODULE */
import type * as Testing from '../../src/testing/index.ts'

const { startModelServer } = (await import(process.argv[2] ?? '')) as typeof Testing
const server = await startModelServer()
process.stdout.write(`${server.url}\n`)
