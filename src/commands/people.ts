/**
 * What a plan says of people: what they have to see to, when, and who approves.
 * Guarantees: pure, but for reading the policy; a time without an offset, which could be in any time zone, is refused.
 */
import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import type { OperatorError } from '../errors.ts'
import { tenantOf } from '../names.ts'
import { readPolicy } from '../upgrade/policy-file.ts'
import type { PlanRequest } from '../upgrade/survey.ts'
import { type Args, type Flag, namesOf, textOf, wrongUse } from './command.ts'
import { isDateTyped } from './dates.ts'

export const PEOPLE: Readonly<Record<string, Flag>> = {
  automation: { type: 'string', array: true, describe: 'name of an automation to pause' },
  producer: {
    type: 'string',
    array: true,
    describe: 'name of a system that posts interactions of this schema',
  },
  template: { type: 'string', array: true, describe: 'name of an e-mail that shows its properties' },
  audience: { type: 'string', array: true, describe: 'name of a segment that looks at its interactions' },
  begin: {
    type: 'string',
    describe: 'when producers are to stop, e.g. 2026-12-01T20:00:00+01:00: the report then has start and end',
  },
  'require-two': { type: 'boolean', describe: 'two different people sign for the deletion' },
}

/** @throws OperatorError (exit 2) for a time that is none, or a policy that can't be used */
export function peopleOf(args: Args, config: Config, now: number): NonNullable<PlanRequest['people']> {
  const named = (name: string): readonly string[] => namesOf(args, name)
  const begin = beginOf(args, now)
  return {
    producers: named('producer'),
    templates: named('template'),
    audiences: named('audience'),
    ...(begin !== undefined && { begin }),
    ...(args['require-two'] === true && { requireTwo: true }),
    ...(config.policy !== undefined && {
      policy: readPolicy(resolve(config.policy), tenantOf(config.baseUrl ?? '')),
    }),
  }
}

/** @returns an instant, ISO 8601 in UTC @throws OperatorError (exit 2) for what is none, or could be in any time zone */
function beginOf(args: Args, now: number): string | undefined {
  const text = textOf(args, 'begin')
  if (text === undefined) return undefined
  const at = Date.parse(text)
  if (at < now) throw wrong(`--begin lies in the past: ${text}.`)
  if (isDateTyped(text) && /(Z|[+-]\d\d:?\d\d)$/i.test(text) && !Number.isNaN(at))
    return new Date(at).toISOString()
  throw wrong(
    `--begin must be a date and time with its offset, such as 2026-12-01T20:00:00+01:00; it is ${text}.`,
  )
}

function wrong(what: string): OperatorError {
  return wrongUse(what, 'engage-migrate plan --help')
}
