import type { Daemon } from '../daemon/index.ts'
import type { DaemonStatus } from '../schema/reports.ts'
import { formatMetrics } from './metrics.ts'
import { answerJson } from './answer.ts'
import { mount, type ApiApp } from './route.ts'
import { routes } from './routes.ts'
import { requestSignal } from './streams.ts'

/** Longest time that ending all runs may take at a shutdown, seconds. */
const shutdownSeconds = 60

export interface SystemRoutesOptions {
  daemon: Daemon
  /** Where the daemon is reached. */
  address: () => Pick<DaemonStatus, 'url' | 'socket'>
  /** Called once a client asked for the end, after it was answered. */
  onShutdown: () => void
}

/** Routes of the daemon itself and of what it knows. */
export function mountSystemRoutes(
  app: ApiApp,
  { daemon, address, onShutdown }: SystemRoutesOptions,
): void {
  mount(app, routes.getStatus, ({ c }) => answerJson(c, { ...daemon.status(), ...address() }))
  mount(app, routes.listTemplates, ({ c }) => answerJson(c, daemon.templates.list()))
  mount(app, routes.getTemplate, ({ params, c }) =>
    answerJson(c, daemon.templates.get(params.name)),
  )
  mount(app, routes.listProviders, async ({ c }) =>
    answerJson(c, await daemon.usability('provider')),
  )
  mount(app, routes.listRuntimes, async ({ c }) => answerJson(c, await daemon.usability('runtime')))
  mount(app, routes.listHosts, ({ c }) => {
    const { host, version, agents } = daemon.status()
    return answerJson(c, [{ name: host, isLocal: true, version, agents: agents.total }])
  })
  mount(app, routes.getDoctor, async ({ c }) => answerJson(c, await daemon.doctor()))
  mount(app, routes.reconcile, async ({ c }) => answerJson(c, await daemon.reconcile()))
  mount(app, routes.shutDown, async ({ body, c }) => {
    if (body.agents) {
      const limit = { seconds: shutdownSeconds, signal: requestSignal(c, daemon) }
      await daemon.guests.endAll(limit)
      // An agent that came up meanwhile is among them.
      await daemon.verbs.sleepAll(limit)
    }
    c.env.outgoing.once('finish', onShutdown)
    return answerJson(c, { ok: true })
  })
  mount(app, routes.getHealth, ({ c }) => c.text('ok\n'))
  mount(app, routes.getMetrics, ({ c }) => c.text(formatMetrics(daemon)))
  mount(app, routes.getOpenapi, async ({ c }) => {
    const { createOpenapiDocument } = await import('./openapi.ts')
    return answerJson(c, createOpenapiDocument(daemon.status().version))
  })
}
