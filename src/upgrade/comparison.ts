/**
 * What is to be restored, held against what the tenant has: before anything is posted, and all that a dry run does.
 * Guarantees: changes nothing; every contact with history in the selection is read once, and records are compared as
 * multisets; the figures are of one process, from the first contact to the last, and nothing of an earlier one's is among
 * them; they are of the moment: the import asks each contact again before it posts anything to it.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import { isObject } from '../json.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import type { Comparison } from '../transfer/compare.ts'
import { type Delivery, recordsOf } from '../transfer/deliveries.ts'
import { NOTHING_REMEMBERED, verifyLive } from '../transfer/verify.ts'
import { weigher } from './canary.ts'
import { contactMapOf } from './contact-map.ts'
import { hasSent, measureOf, RESTORE } from './lot.ts'
import { passResult, passSnapshot } from './pass.ts'
import { isDone } from './runner.ts'
import type { ReadContext } from './strategy.ts'

/** Names of the action, and of the gate that is signed for its figures. */
export const COMPARISON = 'comparison'
const GATE = 'automations-paused'

/** What a restore would do; in interactions, where nothing else is said. */
export interface Figures {
  readonly selected: number
  /** Contacts that are to have them. */
  readonly contacts: number
  readonly there: number
  readonly missing: number
  /** Not there, and against the rules of the schema: posted, they will be refused. */
  readonly refusable: number
  readonly refusableExample: string | null
  /** Of contacts that are not in the tenant: they are not posted. */
  readonly gone: number
  readonly goneContacts: number
  /** Whether the schema is there. Where it is not, nobody was asked. */
  readonly asked: boolean
}

/** What the action leaves in the journal. */
export interface ComparisonResult extends Figures {
  /** The number of the record that would tell most if it were posted first; null where none is missing. */
  readonly canary: number | null
  /** Records of the contacts that are none of the selection's. */
  readonly live: number
}

/** Of one contact, or of all so far. */
type Found = Pick<Figures, 'missing' | 'refusable' | 'refusableExample' | 'gone' | 'goneContacts'> & {
  readonly canary: { readonly seq: number; readonly weight: number } | null
}

const NOTHING_FOUND: Found = {
  ...{ missing: 0, refusable: 0, refusableExample: null, gone: 0, goneContacts: 0 },
  canary: null,
}

/** @throws OperatorError (exit 4) where none of several contacts is in the tenant: it may be another one */
export async function compare(context: ReadContext): Promise<ComparisonResult> {
  const snapshot = await passSnapshot(context, 'final-pass')
  const live = await context.reader.getSchema(context.plan.schemaId, context.stop)
  const result = live === undefined ? unasked(context) : await ask(context, snapshot)
  if (isElsewhere(result) && context.settings.refusedAtMost !== 100) throw elsewhere(context, result)
  return result
}

/** @returns what was found last; undefined where it has not been compared, or that counts no more */
export function figuresOf({ events }: Pick<Journal, 'events'>): ComparisonResult | undefined {
  if (!isDone({ events }, { name: COMPARISON })) return undefined
  return events.latest(COMPARISON, 'finished')?.detail as unknown as ComparisonResult
}

/**
 * @returns whether a restore has nothing to do: all of it was there a moment ago. Once anything was sent, each contact is
 *   asked once more all the same, since the journal has to know what became of that
 */
export function isAllThere(journal: Journal): boolean {
  const figures = figuresOf(journal)
  if (figures === undefined || hasSent(journal, RESTORE)) return false
  return figures.missing + figures.refusable + figures.gone === 0
}

/** @returns whether somebody has signed for the figures, and that holds */
export function isSignedFor({ events }: Pick<Journal, 'events'>): boolean {
  return events.latest(GATE, 'signed', 'finished', 'withdrawn')?.kind === 'signed'
}

/**
 * Figures are only as good as they are new, and nobody has signed for these: each process takes its own. What was skipped
 * for those of an earlier one, the gate and all that comes after it, counts no more, unless the run has ended with it.
 */
export function compareAnew(journal: Pick<Journal, 'events'>): void {
  if (isSignedFor(journal) || isDone(journal, { name: 'evidence' })) return
  voidComparison(journal, 'it is compared anew')
}

/** Takes back the figures, what was signed for them, and what was skipped for them. */
export function voidComparison({ events }: Pick<Journal, 'events'>, reason: string): void {
  const skipped = ['canary', RESTORE.name, 'verification'].filter((name) => {
    const detail = events.latest(name, 'finished')?.detail
    return detail !== undefined && isObject(detail) && detail['skipped'] !== undefined
  })
  const stale = [COMPARISON, GATE, ...skipped].filter((name) => isDone({ events }, { name }))
  if (stale.length > 0) events.withdraw(stale, { reason })
}

async function ask(context: ReadContext, snapshot: Snapshot): Promise<ComparisonResult> {
  const { plan, settings } = context
  const look = lookout(context)
  let found = NOTHING_FOUND
  const { interactions: total, contactsWithHistory } = passResult(context, 'final-pass')
  const tally = await verifyLive({
    ...NOTHING_REMEMBERED,
    amongOthers: true,
    reader: context.reader,
    clock: context.clock,
    schemaId: plan.schemaId,
    map: contactMapOf(context),
    ...measureOf(context, RESTORE),
    snapshot,
    concurrency: settings.concurrency,
    done: [],
    onDifference: (contact, result) => {
      found = add(found, look(contact, result))
    },
    // None is kept: another process would take for new what this one has seen.
    checkpoint: () => {},
    stop: context.stop,
    onProgress: (records, here) =>
      context.progress({
        phase: 'comparing with the tenant: interactions',
        ...{ done: records, total, doneHere: here },
      }),
  })
  return {
    ...{ selected: total, contacts: contactsWithHistory, there: tally.found, asked: true },
    ...found,
    canary: found.canary?.seq ?? null,
    live: tally.live,
  }
}

/** Looks closer at what a contact lacks. */
function lookout(context: ReadContext): (contact: Delivery, result: Comparison) => Found {
  const schema = RESTORE.schema(context)
  const check = createPayloadCheck(schema)
  const weigh = weigher(schema)
  return ({ contactId, pieces }, { gone, missing }) => {
    if (gone) return { ...NOTHING_FOUND, gone: missing.length, goneContacts: 1 }
    const records = recordsOf(pieces)
    // A contact that goes together with others says nothing of the ordinary way.
    const alone = pieces.length === 1 && pieces[0]?.contactId === contactId
    return missing.reduce((sum, seq) => {
      const record = records.get(seq)
      if (record === undefined) return sum
      const [problem] = check(record.payload)
      if (problem !== undefined)
        return add(sum, { ...NOTHING_FOUND, refusable: 1, refusableExample: `${record.id}: ${problem}` })
      const canary = alone ? { seq, weight: weigh(record) } : null
      return add(sum, { ...NOTHING_FOUND, missing: 1, canary })
    }, NOTHING_FOUND)
  }
}

/** Where there is no schema, there is nothing of it. */
function unasked(context: ReadContext): ComparisonResult {
  const { interactions, contactsWithHistory, tally } = passResult(context, 'final-pass')
  const { refusable, refusableExample } = tally
  return {
    ...{ selected: interactions, contacts: contactsWithHistory, there: 0, asked: false },
    ...{ missing: interactions - refusable, refusable, refusableExample, gone: 0, goneContacts: 0 },
    ...{ canary: null, live: 0 },
  }
}

function add(a: Found, b: Found): Found {
  const better = a.canary === null || (b.canary !== null && b.canary.weight > a.canary.weight)
  return {
    missing: a.missing + b.missing,
    refusable: a.refusable + b.refusable,
    refusableExample: a.refusableExample ?? b.refusableExample,
    gone: a.gone + b.gone,
    goneContacts: a.goneContacts + b.goneContacts,
    canary: better ? b.canary : a.canary,
  }
}

function isElsewhere({ contacts, goneContacts }: Figures): boolean {
  return goneContacts >= 2 && goneContacts === contacts
}

function elsewhere({ plan, settings }: ReadContext, { goneContacts }: Figures): OperatorError {
  return new OperatorError({
    what: `None of the ${goneContacts} contacts with history is in ${plan.tenant}: another tenant may be answering, or they have other ids there.`,
    safe: 'Nothing was changed.',
    next: `Look whether the base URL leads to the right tenant; --contact-map FILE says which ids the contacts have there. Where they were really deleted, go on with --refused-at-most 100 (it is ${settings.refusedAtMost}).`,
    exit: EXIT.precondition,
  })
}
