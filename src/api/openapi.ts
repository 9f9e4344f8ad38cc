import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { routes } from './routes.ts'
import type { Route } from './route.ts'

const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  hint: z.string(),
  retryable: z.boolean(),
  details: z.record(z.string(), z.unknown()).optional(),
})

/** The OpenAPI 3.1 document of all routes. Loaded only when somebody asks: it takes ten megabytes. */
export function createOpenapiDocument(version: string): Record<string, unknown> {
  const app = new OpenAPIHono()
  for (const [operationId, route] of Object.entries<Route>(routes)) {
    app.openAPIRegistry.registerPath(toRouteConfig(operationId, route))
  }
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
  })
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Drover',
      version,
      description:
        'One control plane for AI agents. Over the unix socket no token is needed; over TCP every route but /healthz needs one. The token of the home opens every route, that of an agent those whose x-drover-access is agent, or agent-self where {name} is its own.',
      license: { name: 'Apache-2.0' },
    },
    security: [{ token: [] }],
  })
  return document as unknown as Record<string, unknown>
}

function toRouteConfig(operationId: string, route: Route): RouteConfig {
  const { access = 'owner' } = route
  const { status, description, schema, contentType = 'application/json' } = route.response
  return {
    operationId,
    method: route.method,
    path: route.path,
    summary: route.summary,
    'x-drover-access': access,
    ...(access === 'anyone' ? { security: [] } : {}),
    request: {
      ...(route.params ? { params: route.params as z.ZodObject } : {}),
      ...(route.query ? { query: route.query as z.ZodObject } : {}),
      ...(route.body
        ? { body: { required: true, content: { 'application/json': { schema: route.body } } } }
        : {}),
      ...(route.bodyType === undefined
        ? {}
        : { body: { required: true, content: { [route.bodyType]: { schema: z.string() } } } }),
    },
    responses: {
      [status]: {
        description,
        ...(status === 101 ? {} : { content: { [contentType]: { schema: schema ?? z.string() } } }),
      },
      default: {
        description: 'A problem',
        content: { 'application/problem+json': { schema: Problem } },
      },
    },
  }
}
