import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { pipeline } from 'node:stream/promises'
import type { Daemon } from '../daemon/index.ts'
import { ArchiveQuery, BoxFile, BoxFileQuery } from '../schema/exec.ts'
import { Accepted } from '../schema/reports.ts'
import { AgentParams } from '../schema/requests.ts'
import { answerJson } from './answer.ts'
import { serveExec } from './exec-socket.ts'
import { defineRoute, mount, type ApiApp } from './route.ts'
import { requestSignal } from './streams.ts'
import { upgradeOf } from './terminal-routes.ts'

const tarType = 'application/x-tar'

/** The routes of what is in agents' containers, as data. */
export const boxRoutes = {
  execProgram: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/exec',
    summary:
      'A WebSocket to a program beside an agent, in its container. The first frame says which; then binary frames are its input, and its output with a byte before it: 1 of stdout, 2 of stderr. Text frames are JSON. It ends with the connection.',
    params: AgentParams,
    response: { status: 101, description: 'A WebSocket' },
  }),
  statFile: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/file',
    summary: "What is at a path in an agent's container, whether or not the agent is awake.",
    params: AgentParams,
    query: BoxFileQuery,
    response: { status: 200, description: 'The file', schema: BoxFile },
  }),
  readArchive: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/archive',
    summary: "A tar of what is at a path in an agent's container.",
    params: AgentParams,
    query: BoxFileQuery,
    response: { status: 200, description: 'The tar', contentType: tarType },
  }),
  writeArchive: defineRoute({
    method: 'put',
    path: '/v1/agents/{name}/archive',
    summary:
      "Unpack a tar into a folder in an agent's container. What is in it becomes the agent's, whoever owned it.",
    params: AgentParams,
    query: ArchiveQuery,
    bodyType: tarType,
    response: { status: 200, description: 'Unpacked', schema: Accepted },
  }),
} as const

export function mountBoxRoutes(app: ApiApp, daemon: Daemon): void {
  const { boxes } = daemon
  mount(
    app,
    boxRoutes.execProgram,
    async ({ params, c }) => await serveExec(upgradeOf(c), { daemon, name: params.name }),
  )
  mount(app, boxRoutes.statFile, async ({ params, query, c }) =>
    answerJson(c, await boxes.stat(params.name, query.path)),
  )
  mount(app, boxRoutes.readArchive, async ({ params, query, c }) => {
    const { outgoing } = c.env
    const signal = requestSignal(c, daemon)
    const tar = await boxes.read(params.name, query.path, signal)
    outgoing.writeHead(200, { 'content-type': tarType, 'cache-control': 'no-store' })
    // One that breaks off breaks the answer off, so nobody takes it for whole.
    await pipeline(tar, outgoing, { signal }).catch(() => outgoing.destroy())
    return RESPONSE_ALREADY_SENT
  })
  mount(app, boxRoutes.writeArchive, async ({ params, query, c }) => {
    await boxes.write(params.name, query, c.env.incoming, requestSignal(c, daemon))
    return answerJson(c, { ok: true })
  })
}
