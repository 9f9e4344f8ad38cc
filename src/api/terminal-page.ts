import { createReadStream, existsSync } from 'node:fs'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../schema/error.ts'
import type { ApiApp } from './route.ts'

/** Where the build puts what the page is made of; in a checkout its own part is there, too. */
const webFolder = new URL('../web/', import.meta.url)

/** Where a checkout has the rest. */
const packagesFolder = new URL('../../node_modules/@xterm/', import.meta.url)

/** Everything that the page is made of, by its name below `/web/`: its type, and where a checkout has it. */
const files: Readonly<Record<string, { type: string; inPackage?: string }>> = {
  'terminal.html': { type: 'text/html; charset=utf-8' },
  'terminal.css': { type: 'text/css; charset=utf-8' },
  'terminal.js': { type: 'text/javascript; charset=utf-8' },
  'xterm.js': { type: 'text/javascript; charset=utf-8', inPackage: 'xterm/lib/xterm.mjs' },
  'xterm.css': { type: 'text/css; charset=utf-8', inPackage: 'xterm/css/xterm.css' },
  'fit.js': { type: 'text/javascript; charset=utf-8', inPackage: 'addon-fit/lib/addon-fit.mjs' },
}

/**
 * Nothing from elsewhere, no script in the page, nobody's frame. The terminal writes style sheets of
 * its own, so styles may stand in the page.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Whether a path is of the page: the same for everybody, whoever the agent is. It tells nothing. */
export function isPage(path: string): boolean {
  return path.startsWith('/terminal/') || path.startsWith('/web/')
}

/** The terminal of an agent in a browser, which has its ticket behind the `#`. */
export function mountTerminalPage(app: ApiApp): void {
  app.get('/terminal/:name', () => answerFile('terminal.html'))
  app.get('/web/:file', (c) => answerFile(c.req.param('file')))
}

function answerFile(name: string): Response {
  const file = Object.hasOwn(files, name) ? files[name] : undefined
  if (!file) {
    throw new DroverError('route_not_found', `There is no file ${JSON.stringify(name)} here.`)
  }
  return new Response(Readable.toWeb(createReadStream(pathOf(name, file.inPackage))), {
    headers: {
      'content-type': file.type,
      'content-security-policy': policy,
      'cache-control': 'no-cache',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}

function pathOf(name: string, inPackage: string | undefined): string {
  const built = fileURLToPath(new URL(name, webFolder))
  return inPackage === undefined || existsSync(built)
    ? built
    : fileURLToPath(new URL(inPackage, packagesFolder))
}
