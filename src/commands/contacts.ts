/**
 * Where a command gets its contacts from, as its flags say.
 * Guarantees: one source, and it is there; anything else is wrong use, told before anything is begun.
 */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { type ContactSource, digestFile } from '../transfer/contact-source.ts'
import { type Args, type Flag, textOf } from './command.ts'
import { isDateTyped } from './dates.ts'

export const CONTACTS = {
  contacts: { type: 'string', describe: 'file with the ids of all contacts (CSV, NDJSON or plain lines)' },
  column: { type: 'string', describe: 'column of the contact id in that file' },
  'contacts-as-of': {
    type: 'string',
    describe: 'when that file was made (ISO 8601) [its modification time]',
  },
  'contacts-since': {
    type: 'string',
    describe: 'instead of a file: all contacts created since (ISO 8601), by "changes"',
  },
} as const satisfies { readonly [name: string]: Flag }

/**
 * @param now milliseconds since the epoch
 * @param verb of the command, for whom its help is the next thing to read
 * @throws OperatorError (exit 2) where the flags name no source, or more than one, or a file that can't be read
 */
export async function contactSourceOf(args: Args, now: number, verb: string): Promise<ContactSource> {
  const file = textOf(args, 'contacts')
  const since = textOf(args, 'contacts-since')
  if ((file === undefined) === (since === undefined)) {
    throw wrong(verb, 'Say where the contacts come from: either --contacts FILE or --contacts-since DATE.')
  }
  if (since !== undefined) {
    const from = dateOf(since, '--contacts-since', verb)
    if (Date.parse(from) > now) throw wrong(verb, `--contacts-since is in the future: ${from}.`)
    return { kind: 'changes', since: from, asOf: new Date(now).toISOString() }
  }
  const asOf = textOf(args, 'contacts-as-of')
  const source = await fileSource(file ?? '', textOf(args, 'column'))
  return asOf === undefined ? source : { ...source, asOf: dateOf(asOf, '--contacts-as-of', verb) }
}

/** @returns a file as it is now, made when it was last modified @throws OperatorError (exit 2) where it can't be read */
export async function fileSource(
  file: string,
  column: string | undefined,
): Promise<ContactSource & { readonly kind: 'file' }> {
  const path = resolve(file)
  const sha256 = await digestFile(path)
  return {
    ...{ kind: 'file', file: path, sha256, column: column ?? null },
    asOf: statSync(path).mtime.toISOString(),
  }
}

/** @returns a date that was typed, in full @throws OperatorError (exit 2) where it is none */
export function dateOf(text: string, flag: string, verb: string): string {
  const ms = isDateTyped(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw wrong(verb, `${flag} must be a date such as 2026-01-31T08:00:00Z; it is ${JSON.stringify(text)}.`)
  return new Date(ms).toISOString()
}

function wrong(verb: string, what: string): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was changed.',
    next: `engage-migrate ${verb} --help`,
    exit: EXIT.usage,
  })
}
