/** The scripted model server in a process of its own. Prints its address. usage: model MODULE */
const { startModelServer } = (await import(process.argv[2] ?? '')) as typeof import('../../src/testing/index.ts')
const server = await startModelServer()
process.stdout.write(`${server.url}\n`)
