/**
 * The schema that is imported into, held against the live one.
 * Guarantees: nothing is changed in the tenant; where somebody took the schema away or made it anew in another form, the
 * import and the read-back stop, and the run goes back to where the schema is recreated.
 */
import { join } from 'node:path'
import { EngageError, saysSchemaNotFound } from '../engage/errors.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { schemaDifferences } from '../schema/diff.ts'
import { type Lot, recreationOf } from './lot.ts'
import type { ReadContext } from './strategy.ts'

/** @throws OperatorError (exit 4) where the live schema is gone, or another one than the lot's */
export async function assertLotSchema(context: ReadContext, lot: Lot): Promise<void> {
  const { journal, plan } = context
  const drift = await driftOf(context, lot)
  if (drift === undefined) return
  const { found, differences } = drift
  journal.events.append('withdrawn', recreationOf(lot), { reason: `the schema ${found}` })
  throw new OperatorError({
    what: [
      `Schema ${plan.schemaId} ${found} in ${plan.tenant}: somebody deleted it while its history was imported.`,
      ...differences,
    ].join('\n  '),
    safe: 'Nothing more is posted. The whole history is in the verified snapshot, and the journal knows what was posted.',
    next: lot.amongOthers
      ? 'Find out who did, and stop it. Then restore again: what is missing is held against the schema as it is then.'
      : `Find out who did, and stop it.${found === 'is gone' ? '' : ' Delete that schema in Engage if what is in it may go.'} ` +
        'Then run the same command again: it creates the schema anew, and posts again what went with it.',
    exit: EXIT.precondition,
  })
}

/** @throws OperatorError (exit 4) instead of what `work` throws, where that is because the lot's schema is not there any more */
export async function toldOfDrift<T>(context: ReadContext, lot: Lot, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof EngageError && saysSchemaNotFound(error)) await assertLotSchema(context, lot)
    throw error
  }
}

/**
 * Before a run that has ended is taken up again: whatever became of the schema since then is none of its business.
 * @throws OperatorError (exit 4) where the live schema is not the one that the run left
 */
export async function assertStillThere(context: ReadContext, lot: Lot): Promise<void> {
  const drift = await driftOf(context, lot)
  if (drift === undefined) return
  const { plan } = context
  throw new OperatorError({
    what: [
      `Schema ${plan.schemaId} ${drift.found} in ${plan.tenant} since run ${plan.run} has ended.`,
      ...drift.differences,
    ].join('\n  '),
    safe: 'Nothing was changed.',
    next: `What this run was refused is in ${join(context.folder, 'rejected.ndjson')}.`,
    exit: EXIT.precondition,
  })
}

interface Drift {
  readonly found: 'is gone' | 'is another one'
  /** In which way, line by line. */
  readonly differences: readonly string[]
}

async function driftOf(context: ReadContext, lot: Lot): Promise<Drift | undefined> {
  const live = await context.reader.getSchema(context.plan.schemaId)
  if (live === undefined) return { found: 'is gone', differences: [] }
  const differences = schemaDifferences(lot.schema(context), live)
  return differences.length === 0 ? undefined : { found: 'is another one', differences }
}
