import { build, runScript } from './prepare.mjs'

await runScript(build)
