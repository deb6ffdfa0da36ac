/** `verify`: proves a snapshot on disk whole; with --live, holds it against what the tenant has. Changes nothing. */

import { type Config, readConfig } from '../config.ts'
import { NO_MAP } from '../contacts/map.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import { tenantOf } from '../names.ts'
import { tallyLine } from '../report/terminal.ts'
import { canonicalForm, commonForm } from '../schema/canonical.ts'
import { manifestAt } from '../snapshot/manifest-file.ts'
import { type Proof, proveSnapshot } from '../snapshot/proof.ts'
import { assertReadableAt } from '../snapshot/readable.ts'
import { openSnapshot } from '../snapshot/reader.ts'
import type { Opener } from '../snapshot/seal.ts'
import { type Difference, differs, type Tally } from '../transfer/compare.ts'
import { NOTHING_REMEMBERED, verifyLive } from '../transfer/verify.ts'
import { isRestore, mayHaveDeleted } from '../upgrade/history.ts'
import { RESTORE, remembered } from '../upgrade/lot.ts'
import { isDone } from '../upgrade/runner.ts'
import { holdsHistory, lotOf } from '../upgrade/status.ts'
import { countOf } from '../words.ts'
import { type Command, type Tools, textOf } from './command.ts'
import { IDENTITY, openerOf } from './identity.ts'
import { openConnection } from './open.ts'
import { remedyFor } from './remedy.ts'
import { errorResult } from './trouble.ts'
import { type Subject, subjectOf } from './verify-subject.ts'
import { FROM, SNAPSHOT } from './which-snapshot.ts'

/** Differences that are shown one by one; all are in the result. */
const SHOWN = 20

export const verify: Command = {
  usage: 'verify <snapshot>',
  describe: 'prove a snapshot whole; with --live, compare it with the tenant',
  positionals: {
    snapshot: `${SNAPSHOT}; or id of a run, or path of its plan (its final snapshot, and with --live the run's items)`,
  },
  flags: {
    live: { type: 'boolean', describe: 'read every contact with history and compare' },
    from: FROM,
    identity: IDENTITY,
  },
  interrupted: 'Nothing was changed.',
  settings: ['baseUrl', 'apiKeyFile', 'apiVersion', 'data', 'rate', 'concurrency', 'timeoutMs', 'settleMs'],
  async run(args, tools) {
    const live = args['live'] === true
    const config = readConfig(args, tools.env, live)
    const opener = openerOf(args, tools.env)
    const where = { from: textOf(args, 'from'), config, stop: tools.stop }
    const subject = await subjectOf(textOf(args, 'snapshot') ?? '', where, tools)
    using _journal = subject.journal
    const { place } = subject
    await assertReadableAt(place, opener)
    const proof = await proveSnapshot(place, { opener })
    const complete = proof.ok ? (await manifestAt(place)).complete !== false : null
    for (const problem of proof.problems) tools.output.say(`Damaged: ${problem}`)
    const result = {
      snapshot: place.name,
      whole: proof.ok,
      complete,
      sealed: proof.sealed,
      links: proof.links,
      contacts: proof.contacts,
      records: proof.records,
      bytes: proof.bytes,
      problems: proof.problems,
      leftovers: proof.leftovers,
    }
    if (!proof.ok) {
      const told = new OperatorError({
        what: `The snapshot ${place.name} is damaged (problems found: ${proof.problems.length}).`,
        safe: 'Nothing was changed.',
        next: remedyFor(await manifestAt(place).catch(() => undefined)),
        exit: EXIT.differences,
      })
      tools.output.error(told)
      tools.output.result({ ...result, live: null, error: errorResult(told) })
      return told.exit
    }
    for (const line of wholeLines(proof, complete)) tools.output.say(line)
    if (!live) {
      tools.output.result({ ...result, live: null })
      return EXIT.done
    }
    const { tally, differences } = await compare(subject, opener, config, tools)
    for (const each of differences.slice(0, SHOWN)) tools.output.say(differenceLine(each))
    tools.output.say(tallyLine(tally))
    if (subject.journal !== undefined && isUnderWay(subject.journal)) {
      tools.output.say(
        `The import of this run has not finished: what is missing may still come. Next: engage-migrate upgrade ${subject.run}`,
      )
    }
    if (tally.extra > 0) {
      tools.output.say(
        `What is there too often was posted twice. Next: engage-migrate repair ${subject.run ?? 'RUN'}`,
      )
    }
    tools.output.result({ ...result, live: { ...tally, differences } })
    return differs(tally) ? EXIT.differences : EXIT.done
  },
}

function wholeLines(
  { records, contacts, bytes, links, sealed, leftovers }: Proof,
  complete: boolean | null,
): readonly string[] {
  const chain = links > 1 ? `, read from a chain of ${links} snapshots` : ''
  const held = `${countOf(records, 'interaction')} of ${countOf(contacts, 'contact')}${chain}, ${bytes} bytes`
  return [
    sealed
      ? `Whole as far as can be told: ${held}. It is encrypted, and only its bytes and its index could be proven; name an identity (--identity) to prove what is in it.`
      : `Whole: ${held}, each proven.`,
    ...(complete === false
      ? ['INCOMPLETE: there are contacts that could not be read when it was made.']
      : []),
    ...leftovers.map(
      (name) => `LEFT OVER: ${name}, of contacts that were being removed when that was cut short.`,
    ),
    ...(leftovers.length === 0
      ? []
      : ['Next: engage-migrate snapshots forget-contact with their ids, once more']),
  ]
}

function differenceLine({ contactId, gone, missing, extra, foreign, altered }: Difference): string {
  const named = (what: string, ids: readonly string[]): string[] =>
    ids.length === 0 ? [] : [`${ids.length} ${what} (${ids.join(' ')})`]
  const parts = [
    ...(missing.length === 0 ? [] : [`${missing.length} missing`]),
    ...named('too many', extra),
    ...named('doubled by others', foreign),
    ...named('kept with another content', altered),
  ]
  return `Contact ${contactId}${gone ? ' is gone' : ''}: ${parts.join(', ')}`
}

/** What is missing may still come. */
function isUnderWay(journal: Journal): boolean {
  return isRestore(journal) ? !isDone(journal, { name: 'verification' }) : holdsHistory(journal)
}

/** A restore only adds: what it finds there is right to be there. */
function mayHavePosted(journal: Journal): boolean {
  return isRestore(journal) || mayHaveDeleted(journal)
}

async function compare(
  { place, journal, map, assertRunsOwn }: Subject,
  opener: Opener | undefined,
  config: Config,
  tools: Tools,
): Promise<{ tally: Tally; differences: readonly Difference[] }> {
  const snapshot = await openSnapshot(place, opener)
  assertRunsOwn(snapshot)
  const { schemaId, tenant } = snapshot.manifest
  if (tenantOf(config.baseUrl ?? '') !== tenant) {
    throw new OperatorError({
      what: `The snapshot is of ${tenant}, but the base URL leads to ${tenantOf(config.baseUrl ?? '')}.`,
      safe: 'Nothing was sent.',
      next: 'Set ENGAGE_BASE_URL to the tenant of the snapshot.',
      exit: EXIT.precondition,
    })
  }
  const { reader } = openConnection(config, tools)
  const schema = await reader.getSchema(schemaId)
  if (schema === undefined) {
    throw new OperatorError({
      what: `Schema ${schemaId} is not in ${tenant}: none of the snapshot's interactions is there.`,
      safe: 'The snapshot is whole on disk.',
      exit: EXIT.differences,
    })
  }
  // Before its deletion a run has imported nothing: then the snapshot's own ids are those to be found.
  const lot = journal === undefined || !mayHavePosted(journal) ? undefined : lotOf(journal)
  // What an upgrade has posted has all that the schema names; a snapshot may be of an earlier form of it, as for a restore.
  const fullKeyOf = canonicalForm(schema)
  const measure =
    lot === undefined || lot === RESTORE
      ? { keyOf: commonForm(schema, Object.keys(snapshot.schema.jsonSchema.properties)), fullKeyOf }
      : { keyOf: fullKeyOf }
  const differences: Difference[] = []
  const tally = await verifyLive({
    ...(lot && journal ? remembered(journal, lot) : NOTHING_REMEMBERED),
    reader,
    clock: tools.clock,
    snapshot,
    map: lot === undefined ? NO_MAP : map,
    schemaId,
    ...measure,
    settleMs: config.settleMs,
    concurrency: config.concurrency,
    done: [],
    checkpoint: (each) => differences.push(...each.differences),
    stop: tools.stop,
    onProgress: (records, here) =>
      tools.output.progress({
        phase: 'comparing with the tenant: interactions',
        done: records,
        total: snapshot.manifest.interactions.records,
        doneHere: here,
      }),
  })
  return { tally, differences }
}
