import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { DroverError } from '../schema/error.ts'
import type { ApiApp } from './route.ts'

/** What the build puts beside this, and for a checkout, which has only a part of it, its build. */
const folders = [new URL('../web/', import.meta.url), new URL('../../dist/web/', import.meta.url)]

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

/** What the page loads, by its name below `/web/`. */
const files: ReadonlyMap<string, keyof typeof types> = new Map([
  ['terminal.css', 'css'],
  ['xterm.css', 'css'],
  ['connection.js', 'js'],
  ['key-row.js', 'js'],
  ['notice.js', 'js'],
  ['screen.js', 'js'],
  ['terminal.js', 'js'],
  ['xterm.js', 'js'],
])

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
  app.get('/terminal/:name', async () => answer(await read('terminal.html'), 'html'))
  app.get('/web/:file', async (c) => {
    const name = c.req.param('file')
    const type = files.get(name)
    if (!type) {
      throw new DroverError('route_not_found', 'The page has no such file.')
    }
    return answer(await read(name), type)
  })
}

async function read(name: string): Promise<string> {
  const place = folders.map((folder) => new URL(name, folder)).find((url) => existsSync(url))
  if (!place) {
    throw new DroverError('route_not_found', 'The page was not built: `npm run build` does that.')
  }
  return await readFile(place, 'utf8')
}

function answer(text: string, type: keyof typeof types): Response {
  return new Response(text, {
    headers: {
      'content-type': types[type],
      'content-security-policy': policy,
      'cache-control': 'no-cache',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}
