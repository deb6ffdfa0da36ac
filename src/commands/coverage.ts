/**
 * Which contacts outside the list a plan is to look at, as its flags say.
 * Guarantees: a sample that could find nothing is wrong use, told before anything is begun: of the list itself, or of what is in
 * it anyway.
 */
import type { OperatorError } from '../errors.ts'
import type { ContactSource } from '../transfer/contact-source.ts'
import type { CoverageRequest } from '../upgrade/outside.ts'
import { type Args, amountOf, type Flag, textOf, wrongUse } from './command.ts'
import { dateOf, fileSource } from './contacts.ts'

export const COVERAGE = {
  'coverage-sample': {
    type: 'number',
    describe:
      'contacts outside the list to look at, drawn at random: how sure is it? (3000 tells a share of 0.1 %)',
  },
  'coverage-contacts': { type: 'string', describe: 'file that names them [the tenant, by "changes"]' },
  'coverage-column': { type: 'string', describe: 'column of the contact id in that file' },
  'coverage-since': {
    type: 'string',
    describe: 'without a file: those created since (ISO 8601) [a year ago]',
  },
} as const satisfies { readonly [name: string]: Flag }

const YEAR_MS = 365 * 24 * 3_600_000

/**
 * @param list where the contacts of the plan come from
 * @param now milliseconds since the epoch
 * @returns undefined where none are to be looked at
 * @throws OperatorError (exit 2) where the flags contradict each other, or could find nothing
 */
export async function coverageOf(
  args: Args,
  list: ContactSource,
  now: number,
): Promise<CoverageRequest | undefined> {
  const size = args['coverage-sample'] === undefined ? 0 : amountOf(args, 'coverage-sample')
  const [file, column, since] = ['contacts', 'column', 'since'].map((name) =>
    textOf(args, `coverage-${name}`),
  )
  if (!Number.isSafeInteger(size)) throw wrong('--coverage-sample must be a whole number.')
  if (size === 0) {
    if ([file, column, since].every((each) => each === undefined)) return undefined
    throw wrong('--coverage-sample says how many contacts outside the list are looked at, and is not given.')
  }
  if (file !== undefined && since !== undefined)
    throw wrong(
      'Say where contacts outside the list are named: either --coverage-contacts or --coverage-since.',
    )
  if (file === undefined && column !== undefined)
    throw wrong('--coverage-column is of a file that --coverage-contacts names, and it names none.')
  const source = file === undefined ? createdSince(since, now) : await fileSource(file, column)
  assertOther(source, list)
  return { size, source }
}

function createdSince(typed: string | undefined, now: number): ContactSource {
  const since =
    typed === undefined ? new Date(now - YEAR_MS).toISOString() : dateOf(typed, '--coverage-since', 'plan')
  if (Date.parse(since) > now) throw wrong(`--coverage-since is in the future: ${since}.`)
  return { kind: 'changes', since, asOf: new Date(now).toISOString() }
}

/** What is in the list anyway can't be outside it: the file that it is made of, and who was created since. */
function assertOther(source: ContactSource, list: ContactSource): void {
  if (source.kind === 'file' && list.kind === 'file' && source.sha256 === list.sha256)
    throw wrong(
      '--coverage-contacts holds the very list of --contacts: no contact in it is outside the list.',
    )
  const added = list.kind === 'file' ? list.asOf : list.since
  if (source.kind === 'changes' && source.since >= added)
    throw wrong(
      `All contacts created since ${added} are added to the list anyway: look at others, by --coverage-contacts FILE or an earlier --coverage-since.`,
    )
}

function wrong(what: string): OperatorError {
  return wrongUse(what, 'engage-migrate plan --help')
}
