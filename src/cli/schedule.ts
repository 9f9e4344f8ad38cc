import { Option, type Command } from 'commander'
import { DroverError } from '../schema/error.ts'
import { formatScheduleDetail, formatScheduleLine, formatScheduleTable } from './format-schedule.ts'
import { createCommand, createGroup, type CommonOptions, type Invocation } from './invocation.ts'
import { readText } from './read-text.ts'
import { addSpecOptions } from './run-request.ts'
import { createScheduleRequest, type AddOptions } from './schedule-request.ts'

export function scheduleCommand(invocation: Invocation): Command {
  return createGroup('schedule', invocation.context)
    .description(
      'Schedules: texts that are sent at times, to an agent or to a fresh one each time.',
    )
    .addCommand(addCommand(invocation))
    .addCommand(listCommand(invocation))
    .addCommand(showCommand(invocation))
    .addCommand(removeCommand(invocation))
    .addCommand(changeCommand(invocation, 'pause', 'Fire nothing until it is resumed.'))
    .addCommand(changeCommand(invocation, 'resume', 'Go on with the first time that is to come.'))
    .hook('preAction', (_, verb) => checkProgram(invocation, verb.name()))
}

/** Only what makes agents takes a program. */
function checkProgram({ program }: Invocation, verb: string): void {
  if (program !== null && verb !== 'add') {
    throw new DroverError('usage', `schedule ${verb}: takes no program after "--".`)
  }
}

function addCommand({ context, client, output, program }: Invocation): Command {
  const command = createCommand('add', context)
    .description(
      'Make a schedule. The cron line goes in quotes: minute, hour, day, month, weekday; six fields have the second first.',
    )
    .usage('[options] <name> <cron> <text> [-- PROGRAM ARG...]')
    .argument('<name>', "the schedule's name")
    .argument('<cron>', 'when, as in "0 9 * * 1-5"')
    .argument('<text>', 'what is sent, or - for standard input')
    .option('--to <agent>', 'agent that it is sent to')
    .option('--template <template>', 'make a fresh agent of this each time')
    .option('--time-zone <zone>', "as in Europe/Berlin (default: the daemon's)")
    .addOption(
      new Option(
        '--missed <policy>',
        'times that pass while nobody is there (default: skip)',
      ).choices(['skip', 'once']),
    )
  return addSpecOptions(command).action(
    async (name: string, cron: string, given: string, options: AddOptions) => {
      const body = await readText(given, context)
      const request = createScheduleRequest(options, {
        name,
        cron,
        body,
        program,
        cwd: context.cwd,
      })
      const schedule = await client.schedules.add(request)
      await (options.json
        ? output.json(schedule)
        : output.line(formatScheduleLine(schedule, output.colors, Date.now())))
    },
  )
}

function listCommand({ context, client, output }: Invocation): Command {
  return createCommand('ls', context)
    .description('List schedules.')
    .action(async ({ json }: CommonOptions) => {
      const schedules = await client.schedules.list()
      if (json) {
        return output.json(schedules)
      }
      if (schedules.length === 0) {
        return output.line(
          output.colors.dim('No schedules yet. `drover help schedule add` shows how to make one.'),
        )
      }
      await output.lines(formatScheduleTable(schedules, output, Date.now()))
    })
}

function showCommand({ context, client, output }: Invocation): Command {
  return createCommand('show', context)
    .description('Show one schedule: its next times, and what became of the latest.')
    .argument('<schedule>', 'schedule')
    .action(async (name: string, { json }: CommonOptions) => {
      const schedule = await client.schedules.show(name)
      await (json
        ? output.json(schedule)
        : output.lines(formatScheduleDetail(schedule, output, Date.now())))
    })
}

function removeCommand({ context, client, output }: Invocation): Command {
  return createCommand('rm', context)
    .description('Remove a schedule; what it sent stays.')
    .argument('<schedule>', 'schedule')
    .action(async (name: string, { json }: CommonOptions) => {
      await client.schedules.remove(name)
      await (json
        ? output.json({ ok: true, name })
        : output.line(`${output.colors.bold(name)}  removed`))
    })
}

function changeCommand(
  { context, client, output }: Invocation,
  verb: 'pause' | 'resume',
  description: string,
): Command {
  return createCommand(verb, context)
    .description(description)
    .argument('<schedule>', 'schedule')
    .action(async (name: string, { json }: CommonOptions) => {
      const schedule = await client.schedules[verb](name)
      await (json
        ? output.json(schedule)
        : output.line(formatScheduleLine(schedule, output.colors, Date.now())))
    })
}
