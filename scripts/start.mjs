/** `npm start`: dependencies, build, then the daemon in the foreground, or `npm start -- --detach`. */
import path from 'node:path'
import { build, installDependencies, root, runScript, runToEnd } from './prepare.mjs'

await runScript(async () => {
  await installDependencies()
  await build()
  // What a person types next, from this folder.
  process.env.DROVER_COMMAND ??= './bin/drover'
  return runToEnd(path.join(root, 'bin', 'drover'), ['up', ...process.argv.slice(2)])
})
