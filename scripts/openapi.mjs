/** Writes docs/openapi.json from the routes; `--check` only says whether it is up to date. Needs a Node that runs TypeScript. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createOpenapiDocument } from '../src/api/openapi.ts'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const file = path.join(root, 'docs', 'openapi.json')
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const text = `${JSON.stringify(createOpenapiDocument(version), null, 2)}\n`

if (!process.argv.includes('--check')) {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
} else if (text !== readFileSync(file, 'utf8')) {
  console.error('docs/openapi.json is not what the routes say; `npm run openapi` writes it anew.')
  process.exitCode = 1
}
