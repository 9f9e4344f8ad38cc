import { answerJson } from './answer.ts'
import { z } from 'zod'
import type { Daemon } from '../daemon/index.ts'
import { Accepted } from '../schema/reports.ts'
import { Schedule, ScheduleRequest } from '../schema/schedule.ts'
import { defineRoute, mount, type ApiApp } from './route.ts'

const params = z.object({ name: z.string() })
const schedule = { status: 200, description: 'The schedule', schema: Schedule } as const

/** The routes of schedules, as data. */
export const scheduleRoutes = {
  listSchedules: defineRoute({
    method: 'get',
    path: '/v1/schedules',
    summary: 'Schedules with their next times.',
    response: { status: 200, description: 'Schedules by name', schema: z.array(Schedule) },
  }),
  createSchedule: defineRoute({
    method: 'post',
    path: '/v1/schedules',
    summary: 'Send a text at times: to an agent, or to a fresh one each time.',
    body: ScheduleRequest,
    response: { status: 201, description: 'The schedule', schema: Schedule },
  }),
  getSchedule: defineRoute({
    method: 'get',
    path: '/v1/schedules/{name}',
    summary: 'One schedule: its next times, and what became of the latest.',
    params,
    response: schedule,
  }),
  removeSchedule: defineRoute({
    method: 'delete',
    path: '/v1/schedules/{name}',
    summary: 'Remove a schedule; what it sent stays.',
    params,
    response: { status: 200, description: 'Removed', schema: Accepted },
  }),
  pauseSchedule: defineRoute({
    method: 'post',
    path: '/v1/schedules/{name}/pause',
    summary: 'Fire nothing until `resume`.',
    params,
    response: schedule,
  }),
  resumeSchedule: defineRoute({
    method: 'post',
    path: '/v1/schedules/{name}/resume',
    summary: 'Go on with the first time that is to come.',
    params,
    response: schedule,
  }),
} as const

export function mountScheduleRoutes(app: ApiApp, { schedules }: Daemon): void {
  mount(app, scheduleRoutes.listSchedules, async ({ c }) => answerJson(c, await schedules.list()))
  mount(app, scheduleRoutes.createSchedule, async ({ body, c }) =>
    answerJson(c, await schedules.create(body), 201),
  )
  mount(app, scheduleRoutes.getSchedule, async ({ params: { name }, c }) =>
    answerJson(c, await schedules.show(name)),
  )
  mount(app, scheduleRoutes.removeSchedule, ({ params: { name }, c }) => {
    schedules.remove(name)
    return answerJson(c, { ok: true })
  })
  mount(app, scheduleRoutes.pauseSchedule, async ({ params: { name }, c }) =>
    answerJson(c, await schedules.pause(name)),
  )
  mount(app, scheduleRoutes.resumeSchedule, async ({ params: { name }, c }) =>
    answerJson(c, await schedules.resume(name)),
  )
}
