import { Hono } from 'hono'
import { findBearer, type Daemon } from '../daemon/index.ts'
import { DroverError, toProblem } from '../schema/error.ts'
import { isDiskFull } from '../util/disk-full.ts'
import type { DaemonStatus } from '../schema/reports.ts'
import { mountAgentRoutes } from './agent-routes.ts'
import { mountApprovalRoutes } from './approval-routes.ts'
import { firstPage } from './first-page.ts'
import { mountBoxRoutes } from './box-routes.ts'
import { guard } from './guard.ts'
import { mountCostRoutes } from './cost-routes.ts'
import { mountEventRoutes } from './event-routes.ts'
import { mountGuestRoutes } from './guest-routes.ts'
import { mountMessageRoutes } from './message-routes.ts'
import type { ApiApp, ApiEnvironment } from './route.ts'
import { mountScheduleRoutes } from './schedule-routes.ts'
import { mountSystemRoutes } from './system-routes.ts'
import { mountTerminalPage } from './terminal-page.ts'
import { mountTerminalRoutes } from './terminal-routes.ts'
import { mountImageRoutes } from './image-routes.ts'
import { mountWorkspaceRoutes } from './workspace-routes.ts'

export interface AppOptions {
  daemon: Daemon
  /** The owner's. */
  token: string
  port: () => number
  address: () => Pick<DaemonStatus, 'url' | 'socket'>
  onShutdown: () => void
}

/** The API over one daemon, as a fetch handler. */
export function createApp(options: AppOptions): ApiApp {
  const app = new Hono<ApiEnvironment>()
  const { token, port } = options
  const { context } = options.daemon
  const { terminals } = options.daemon
  const guardOptions = {
    token,
    port,
    findBearer: findBearer.bind(null, context),
    redeemTicket: terminals.redeem.bind(terminals),
  }
  app.use(async (c, next) => {
    c.set('caller', guard(c, guardOptions))
    await next()
  })
  mountAgentRoutes(app, options.daemon)
  mountMessageRoutes(app, options.daemon)
  mountApprovalRoutes(app, options.daemon)
  mountCostRoutes(app, options.daemon)
  mountEventRoutes(app, options.daemon)
  mountScheduleRoutes(app, options.daemon)
  mountTerminalRoutes(app, options)
  mountTerminalPage(app)
  mountGuestRoutes(app, options.daemon)
  mountBoxRoutes(app, options.daemon)
  mountWorkspaceRoutes(app, options.daemon)
  mountImageRoutes(app, options.daemon)
  mountSystemRoutes(app, options)
  app.get('/', (c) => c.html(firstPage(options.daemon.status().version)))
  app.notFound((c) => {
    throw new DroverError('route_not_found', `There is no ${c.req.method} ${c.req.path}.`)
  })
  app.onError((error, c) => {
    const known = error instanceof DroverError ? error : fromUnknown(error)
    if (known.code === 'internal') {
      options.daemon.context.log.error({ err: error, path: c.req.path }, 'a request failed')
    }
    const problem = toProblem(known)
    return c.body(JSON.stringify(problem), problem.status as 400, {
      'content-type': 'application/problem+json',
    })
  })
  return app
}

/** A full disk is told apart from our own mistakes. */
function fromUnknown(error: Error): DroverError {
  return isDiskFull(error)
    ? new DroverError('disk_full', `The home can't be written: ${error.message}.`, { cause: error })
    : new DroverError('internal', error.message, { cause: error })
}
