/**
 * What is to be restored, held against what the tenant has: before anything is posted, and all that a dry run does.
 * Guarantees: changes nothing; every contact with history in the selection is read once, and records are compared as
 * multisets; the figures are of the moment: the import asks each contact again before it posts anything to it.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { Json } from '../json.ts'
import { canonicalForm } from '../schema/canonical.ts'
import { createPayloadCheck } from '../schema/payload.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import type { Comparison } from '../transfer/compare.ts'
import { type Delivery, recordsOf } from '../transfer/deliveries.ts'
import { NOTHING_REMEMBERED, type VerifyCheckpoint, verifyLive } from '../transfer/verify.ts'
import { weigher } from './canary.ts'
import { contactMapOf } from './contact-map.ts'
import { RESTORE } from './lot.ts'
import { passResult, passSnapshot } from './pass.ts'
import { isDone } from './runner.ts'
import type { ReadContext } from './strategy.ts'

/** Name of the action, and of its checkpoints. */
const COMPARISON = 'comparison'

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

/** Of the contacts of a checkpoint, or of all so far. */
type Found = Pick<Figures, 'missing' | 'refusable' | 'refusableExample' | 'gone' | 'goneContacts'> & {
  readonly canary: { readonly seq: number; readonly weight: number } | null
}

const NOTHING_FOUND: Found = {
  ...{ missing: 0, refusable: 0, refusableExample: null, gone: 0, goneContacts: 0 },
  canary: null,
}

interface Checkpoint extends VerifyCheckpoint {
  readonly found: Found
}

/**
 * @returns a ComparisonResult
 * @throws OperatorError (exit 4) where none of several contacts is in the tenant: it may be another one
 */
export async function compare(context: ReadContext): Promise<Json> {
  const snapshot = await passSnapshot(context, 'final-pass')
  const live = await context.reader.getSchema(context.plan.schemaId, context.stop)
  const result = live === undefined ? unasked(context) : await ask(context, snapshot)
  if (isElsewhere(result) && context.settings.refusedAtMost !== 100) throw elsewhere(context, result)
  return { ...result }
}

/** @returns what was found last; undefined where it has not been compared, or that counts no more */
export function figuresOf({ events }: Pick<Journal, 'events'>): ComparisonResult | undefined {
  if (!isDone({ events }, { name: COMPARISON })) return undefined
  return events.latest(COMPARISON, 'finished')?.detail as unknown as ComparisonResult
}

/** @returns whether anything would be posted, or is to be refused by name: else all of it is there */
export function isAllThere({ missing, refusable, gone }: Figures): boolean {
  return missing + refusable + gone === 0
}

/**
 * Figures are only as good as they are new, and nobody has signed for these: they are taken anew by the next command.
 * What a gate was skipped for may not hold any more, either.
 */
export function compareAnew({ events }: Pick<Journal, 'events'>): void {
  const gate = events.latest('automations-paused', 'signed', 'finished', 'withdrawn')
  if (gate?.kind === 'signed' || isDone({ events }, { name: RESTORE.name })) return
  const stale = ['automations-paused', COMPARISON].filter((name) => isDone({ events }, { name }))
  if (stale.length > 0) events.withdraw(stale, { reason: 'it is compared anew' })
}

async function ask(context: ReadContext, snapshot: Snapshot): Promise<ComparisonResult> {
  const { journal, plan, settings } = context
  const round = journal.events.all().filter(({ name, kind }) => name === COMPARISON && kind === 'withdrawn')
  const name = `${COMPARISON}:${round.length}`
  const done = journal.parts(name) as unknown as readonly Checkpoint[]
  const look = lookout(context)
  let found = NOTHING_FOUND
  let number = done.length
  const all = done.map((each) => each.found)
  const { interactions: total, contactsWithHistory } = passResult(context, 'final-pass')
  const tally = await verifyLive({
    ...NOTHING_REMEMBERED,
    amongOthers: true,
    reader: context.reader,
    clock: context.clock,
    schemaId: plan.schemaId,
    map: contactMapOf(context),
    keyOf: canonicalForm(RESTORE.schema(context)),
    snapshot,
    concurrency: settings.concurrency,
    done,
    onDifference: (contact, result) => {
      found = add(found, look(contact, result))
    },
    checkpoint: (each) => {
      // What each contact lacks is found out again when it is posted to: here it would only fill the journal.
      const kept = { ...each, differences: [], adopted: [], moved: [], found }
      journal.addPart(name, ++number, kept as unknown as Json)
      all.push(found)
      found = NOTHING_FOUND
    },
    stop: context.stop,
    onProgress: (records, here) =>
      context.progress({
        phase: 'comparing with the tenant: interactions',
        ...{ done: records, total, doneHere: here },
      }),
  })
  const sum = all.reduce(add, NOTHING_FOUND)
  return {
    ...{ selected: total, contacts: contactsWithHistory, there: tally.found, asked: true },
    ...sum,
    canary: sum.canary?.seq ?? null,
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
