/**
 * The facts of a run's report: what its plan, its journal and its snapshot say, put together.
 * Guarantees: GETs nothing; the same run gives the same facts until something is done again, so that a digest of them can be
 * signed for; what is read of the snapshot is held against its own digests on the way, and memory does not grow with it.
 */
import { basename } from 'node:path'
import type { JsonObject } from '../json.ts'
import { environmentOf } from '../names.ts'
import type { Profile } from '../profile/profile.ts'
import { profileOf } from '../profile/profile-of.ts'
import { isSegmentable } from '../schema/property-rules.ts'
import { freePlaces } from '../schema/rules.ts'
import type { Snapshot } from '../snapshot/reader.ts'
import { amendmentOf } from '../upgrade/amendment.ts'
import { BASIS, basisOf } from '../upgrade/approval.ts'
import { coverageNow, forbiddenSoFar, isProven } from '../upgrade/deletion-basis.ts'
import { estimateUpgrade } from '../upgrade/estimate.ts'
import { isHot } from '../upgrade/final-pass.ts'
import { isImportMade } from '../upgrade/imported.ts'
import { historyFiguresOf } from '../upgrade/ledger.ts'
import { type PassName, passFolder, passResult, passSnapshot } from '../upgrade/pass.ts'
import { policyLines } from '../upgrade/policy.ts'
import { isDone } from '../upgrade/runner.ts'
import { FAILURE, SUCCESS } from '../upgrade/status.ts'
import type { ReadContext } from '../upgrade/strategy.ts'
import { adviseStrategy } from './advice.ts'
import { CarriedCount } from './carried.ts'
import { changeFacts } from './change-facts.ts'
import { deletionFacts } from './deletion-facts.ts'
import { handWork } from './hands.ts'
import { historyFacts, lossKnown } from './history-facts.ts'
import { notBack, refusedOf } from './not-back.ts'
import { PageCount } from './pages.ts'
import type { EvidenceFacts, Facts } from './report.ts'
import { snapshotName } from './snapshot-name.ts'
import { verdictOf } from './verdict.ts'
import { timeFacts } from './windows.ts'

/** What of a run its report is made of: nothing that leads to the tenant. */
export type Reported = Pick<
  ReadContext,
  'plan' | 'planDigest' | 'journal' | 'snapshots' | 'tool' | 'stop' | 'progress'
>

/** @returns the facts, of the final pass or, before that, of the base pass @throws Error before that one is done */
export async function runFacts(context: Reported): Promise<Facts> {
  const { plan, journal } = context
  const pass: PassName = isDone(journal, { name: 'final-pass' }) ? 'final-pass' : 'base-pass'
  const snapshot = await passSnapshot(context, pass)
  const pages = new PageCount()
  const carried = new CarriedCount(stoppedAt(context, pass))
  const profile = await profileOf(carried.over(pages.over(snapshot.contacts())), {
    before: plan.before,
    after: plan.after,
    asOf: Date.parse(snapshot.manifest.finishedAt),
    stop: context.stop,
    onProgress: (done) =>
      context.progress({
        ...{ phase: 'report: contacts looked at', done, doneHere: done },
        total: snapshot.manifest.contacts.listed,
      }),
  })
  return factsOf(context, { pass, snapshot, profile, furtherPages: pages.further, carried: carried.count })
}

interface Read {
  readonly pass: PassName
  readonly snapshot: Snapshot
  readonly profile: Profile
  readonly furtherPages: number
  readonly carried: number
}

/** What was read before the producers stopped, the final pass has carried over. @returns that instant, in milliseconds since the epoch */
function stoppedAt({ journal }: Reported, pass: PassName): number {
  const stopped = journal.events.latest('producers-stopped', 'signed')
  return pass === 'final-pass' && stopped !== undefined ? stopped.at : Number.NEGATIVE_INFINITY
}

function factsOf(context: Reported, read: Read): Facts {
  const { plan, journal } = context
  const { pass, snapshot, profile, furtherPages, carried } = read
  const { schemaId, tenant, finalPass } = plan
  const { interactions, contactsWithHistory, contacts, tally } = passResult(context, pass)
  const { startedAt, finishedAt } = snapshot.manifest
  const final = pass === 'final-pass'
  const importMade = isImportMade(journal)
  const history = historyFacts(context)
  const coverage = final ? coverageNow(context) : passResult(context, pass).coverage
  const hot = isHot(context)
  const left = contactsWithHistory + Math.min(finalPass.sample, contacts - contactsWithHistory)
  const estimate = estimateUpgrade({
    ...{ contacts, interactions, furtherPages, contactsWithHistory },
    ratePerSecond: plan.estimate.ratePerSecond,
    finalPassContacts: hot ? left : contacts,
    recordBytes: plan.estimate.recordBytes ?? 0,
    ...(plan.history && { history: plan.history }),
  })
  const time = timeFacts({
    ...{ estimate, schemaId, recent: profile.recent, canaryGate: plan.canaryGate },
    readAgain: interactions + (plan.history?.interactions ?? 0),
    hot: hot ? null : Math.ceil((left + furtherPages) / plan.estimate.ratePerSecond),
    begin: plan.begin === undefined ? null : Date.parse(plan.begin),
  })
  const schemas = basisOf(journal)?.schemas
  const preflight = isDone(journal, { name: 'preflight' }) ? isProven(journal) : null
  const loss = lossKnown(history) ?? 0
  const lost = notBack({
    ...{ profile, history, gone: final ? tally.goneWithHistory : 0, provisional: !final || !importMade },
    engageExamples: historyFiguresOf(journal)?.engageExamples ?? [],
    snapshot: snapshotName(plan, snapshot.folder),
    baseSnapshot: final ? snapshotName(plan, passFolder(context, 'base-pass')) : null,
  })
  const strategies = adviseStrategy({
    ...{ schemaId, interactions, time, loss },
    freePlaces: schemas === undefined ? plan.schemas.free : freePlaces(schemas.length),
    automations: plan.automations,
    templates: plan.templates ?? [],
    audiences: plan.audiences ?? [],
    sure: coverage.sure,
    imported: history === null ? 'again' : history.mode === 'only' ? 'instead' : 'besides',
  })
  return {
    subject: {
      ...{ tenant, schemaId, run: plan.run, pass: pass.replace('-', ' '), startedAt, finishedAt },
      environment: environmentOf(tenant),
      displayName: plan.before.displayName,
    },
    verdict: verdictOf({
      ...{ schemaId, tenant, interactions, preflight, notBack: lost, profile, history, importMade },
      finalPassDone: final,
      failure: final ? failureSinceFinalPass(context) : null,
      voided: voidedSince(context),
      coverageSure: coverage.sure,
      forbidden: forbiddenSoFar(context, {
        ...{ loss, sure: coverage.sure, ...(preflight !== null && { proven: preflight }) },
        refused: refusedOf({ profile, history }) + (history?.merged?.refused.source ?? 0),
      }),
      risk: hot ? finalPass.risk : null,
      parallel: strategies.advised === 'parallel' ? strategies.why : [],
      unfit: profile.properties.filter(
        ({ name, worth }) => worth.verdict === 'never' && isNewlySegmentable(context, name),
      ),
    }),
    deletion: deletionFacts(plan.before, profile, contactsWithHistory),
    history,
    change: changeFacts(
      plan.before,
      plan.after,
      (schemas ?? []).filter((id) => id !== schemaId),
    ),
    notBack: lost,
    profile,
    time,
    strategies,
    hands: handWork(plan),
    evidence: evidenceOf(context, read, { coverage, preflight, carried, hot }),
  }
}

/** What the last command failed with; null where it ended well, or nothing has failed since the final pass. */
function failureSinceFinalPass({ journal }: Reported): string | null {
  const events = journal.events.all()
  const done = events.findLastIndex(({ name, kind }) => name === 'final-pass' && kind === 'finished')
  const last = events.slice(done + 1).findLast(({ name }) => name === FAILURE || name === SUCCESS)
  return last?.name === FAILURE ? String((last.detail as JsonObject)['what']) : null
}

/** @returns why the approval is void that was asked for last; null where it is not, or is being put up anew */
function voidedSince({ journal }: Reported): string | null {
  const last = journal.events
    .all()
    .findLast(({ name, kind }) => name === BASIS || (name === 'delete-schema' && kind === 'withdrawn'))
  return last?.kind === 'withdrawn' ? String((last.detail as JsonObject)['reason']) : null
}

function isNewlySegmentable({ plan }: Reported, name: string): boolean {
  const { before, after } = plan
  return (
    isSegmentable(after.jsonSchema.properties[name]) && !isSegmentable(before.jsonSchema.properties[name])
  )
}

function evidenceOf(
  context: Reported,
  { pass, snapshot: { folder, manifest, manifestDigest } }: Read,
  known: {
    readonly coverage: { readonly sure: boolean; readonly statements: readonly string[] }
    readonly preflight: boolean | null
    readonly carried: number
    readonly hot: boolean
  },
): EvidenceFacts {
  const { plan, planDigest, journal, tool } = context
  const { source, listed, read, empty, gone, failed, counted: count } = manifest.contacts
  const { preflight, carried, hot } = known
  const done = journal.events.latest(pass, 'finished')
  return {
    ...{ snapshot: snapshotName(plan, folder), manifestDigest, preflight },
    provenAt: done === undefined ? null : new Date(done.at).toISOString(),
    coverage: {
      ...{ asked: true, source: basename(source), listed, read, empty, gone, failed, carried },
      moved: amendmentOf(journal)?.contacts.length ?? 0,
      counted: basisOf(journal)?.counted ?? count ?? null,
      sure: known.coverage.sure,
      statements: known.coverage.statements,
    },
    tool: `${tool.name} ${tool.version}`,
    finalPass: hot ? 'hot' : 'full',
    plan: { file: `runs/${plan.run}/plan.json`, digest: planDigest, madeAt: plan.createdAt },
    policy: plan.policy === undefined ? [] : policyLines(plan.policy),
  }
}
