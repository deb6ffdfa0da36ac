/**
 * The strategy "restore": what a snapshot holds comes into a schema that is there, or is created for it.
 * Guarantees: nothing is deleted; nothing is posted before it was told what would be, and before somebody has signed that
 * automations are paused; what is there already, twins counted, is never posted again.
 */
import { EXIT, OperatorError } from '../errors.ts'
import type { Json } from '../json.ts'
import { sameSchema, schemaDifferences } from '../schema/diff.ts'
import { EMPTY_TALLY, type Tally } from '../transfer/compare.ts'
import { countOf } from '../words.ts'
import { canary } from './canary.ts'
import { COMPARISON, compare, type Figures, figuresOf, isAllThere } from './comparison.ts'
import { contactMapName } from './contact-map.ts'
import { automationsPaused } from './gates.ts'
import { importHistory, leaveEvidence } from './importing.ts'
import { RESTORE, verificationNote } from './lot.ts'
import { recreate } from './recreation.ts'
import { select, termsOf } from './selection.ts'
import type { Gate, ReadContext, Strategy, WriteContext } from './strategy.ts'
import { verifyHistory } from './verification.ts'

/**
 * What is posted sets off automations like anything else that arrives; where nothing can be, there is nothing to sign. What
 * belongs to contacts that are gone can: they may be there again when the import asks.
 */
const paused: Gate = {
  ...automationsPaused,
  request(context) {
    if (isAllThere(context.journal)) return undefined
    const figures = figuresOf(context.journal)
    const request = automationsPaused.request(context)
    if (request === undefined || figures === undefined) return request
    const map = contactMapName(context)
    const mapped = map === undefined ? [] : [`Contacts that have another id now go by ${map}`]
    return { ...request, asks: [...figureLines(figures), ...mapped, ...request.asks] }
  },
}

export const restore: Strategy = [
  {
    name: 'select',
    title: 'Take out of the snapshot what is to be restored',
    actions: [
      { kind: 'read', name: 'final-pass', title: 'proving the snapshot and reading it', run: select },
    ],
  },
  {
    name: 'compare',
    title: 'See what of it the tenant has already',
    actions: [
      {
        kind: 'read',
        name: COMPARISON,
        title: 'reading the contacts with history',
        run: async (context) => ({ ...(await compare(context)) }),
      },
    ],
  },
  {
    name: 'pause-automations',
    title: 'Pause automations',
    actions: [paused],
  },
  {
    name: 'provide-schema',
    title: 'Make sure of the schema',
    actions: [
      {
        kind: 'write',
        name: 'recreation',
        title: 'looking at the schema, creating it where it is not there',
        run: provideSchema,
      },
    ],
  },
  {
    name: 'import',
    title: 'Import what is missing and read it back',
    actions: [
      {
        kind: 'write',
        name: 'canary',
        title: 'posting one interaction first, where any is missing, and reading it back',
        run: (context) =>
          unlessAllThere(context, () =>
            canary(context, RESTORE, figuresOf(context.journal)?.canary ?? undefined),
          ),
      },
      {
        kind: 'write',
        name: 'import',
        title: 'asking each contact what it has, and posting what is missing',
        run: (context) => unlessAllThere(context, () => importHistory(context, RESTORE)),
      },
      {
        kind: 'write',
        name: 'verification',
        title: 'reading every contact with history back',
        run: async (context) => {
          noteAllThere(context)
          return unlessAllThere(context, () => verifyHistory(context, RESTORE))
        },
      },
      {
        kind: 'read',
        name: 'evidence',
        title: 'writing id-map.ndjson and rejected.ndjson',
        run: (context) => leaveEvidence(context, RESTORE),
      },
    ],
  },
]

/** @returns figures in words, for whoever decides on them */
export function figureLines(figures: Figures): readonly string[] {
  const { selected, contacts, there, missing, refusable, refusableExample, gone, goneContacts } = figures
  return [
    `Selected: ${countOf(selected, 'interaction')} of ${countOf(contacts, 'contact')}`,
    ...(figures.asked ? [] : ['The schema is not in the tenant: nothing of it is there.']),
    `Would be posted: ${missing}; are there already: ${there}`,
    ...(refusable === 0
      ? []
      : [
          `Would be refused, since they break the rules of the schema: ${refusable}, such as ${refusableExample}`,
        ]),
    ...(gone === 0
      ? []
      : [
          `Can't be restored, since their contacts are not in the tenant: ${gone} of ${countOf(goneContacts, 'contact')}`,
        ]),
  ]
}

/** It was compared a moment ago: asking everybody once more would tell nothing. */
async function unlessAllThere(context: WriteContext, work: () => Promise<Json>): Promise<Json> {
  return isAllThere(context.journal) ? { skipped: 'all of it is there' } : work()
}

/** What the comparison has found is what a read-back would, then. */
function noteAllThere({ journal }: WriteContext): void {
  const figures = figuresOf(journal)
  if (figures === undefined || !isAllThere(journal)) return
  const { selected, there, live } = figures
  const tally: Tally = { ...EMPTY_TALLY, expected: selected, found: there, live }
  journal.events.append('note', verificationNote(RESTORE), { ...tally })
}

async function provideSchema(context: WriteContext): Promise<Json> {
  const { plan, reader, stop } = context
  const schema = RESTORE.schema(context)
  const live = await reader.getSchema(plan.schemaId, stop)
  if (live === undefined && !termsOf(context).createSchema) throw noSchema(plan)
  if (live !== undefined && !sameSchema(schema, live)) throw changed(context, schemaDifferences(schema, live))
  return recreate(context, RESTORE)
}

/** @returns the error of a schema that is not there, and may not be created */
export function noSchema({ schemaId, tenant }: { readonly schemaId: string; readonly tenant: string }) {
  return new OperatorError({
    what: `There is no schema ${schemaId} in ${tenant} to restore into.`,
    safe: 'Nothing was changed.',
    next: 'Restore with --create-schema, which creates it as the snapshot has it; or into another one: --schema-id OTHER',
    exit: EXIT.precondition,
  })
}

function changed({ plan }: ReadContext, differences: readonly string[]): OperatorError {
  return new OperatorError({
    what: [`Schema ${plan.schemaId} has changed since this restore was begun.`, ...differences].join('\n  '),
    safe: 'Nothing more was posted.',
    next: 'Restore from the snapshot again: another run begins, with the schema as it is now, and posts only what is missing.',
    exit: EXIT.precondition,
  })
}
