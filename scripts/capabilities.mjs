/** Writes the table of docs/providers.md from what the providers say that they can. Needs a Node that runs TypeScript. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { listProviders } from '../src/daemon-root.ts'
import { withCapabilityTable } from '../test/support/capability-table.ts'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const file = path.join(root, 'docs', 'providers.md')
writeFileSync(file, withCapabilityTable(readFileSync(file, 'utf8'), listProviders()))
