import { z } from 'zod'

/** More arguments for a program; those that Drover gives it itself are refused by name. */
export function extraArguments(own: readonly string[]): z.ZodType<string[]> {
  return z.array(z.string()).superRefine((args, context) => {
    for (const [index, arg] of args.entries()) {
      const flag = arg.split('=', 1)[0] ?? ''
      if (own.includes(flag)) {
        const message = `${flag} is set by Drover: use the option or field that it belongs to`
        context.addIssue({ code: 'custom', path: [index], message })
      }
    }
  })
}
